import type { Instant } from '../units/time.ts';
import type { Channel } from './channels.ts';
import { type MailSettings, sendMail } from './email.ts';
import type { Answer, Delivery } from './message.ts';
import type { TargetRules } from './targets.ts';
import { sendWebhook } from './webhook.ts';

export type SendingSettings = {
  /** Where links and ids of mails lead. */
  appUrl: URL;
  /** Null where no mail can be sent. */
  mail: MailSettings | null;
  targets: TargetRules;
};

/** Sends one message to one channel, now, and tells what came of it; it never throws for what the other side does. */
export type Send = (channel: Channel, delivery: Delivery, at: Instant) => Promise<Answer>;

export const NO_MAIL = 'No mail can be sent: SMTP_URL and MAIL_FROM are not set';

export function createSend({ appUrl, mail, targets }: SendingSettings): Send {
  return async (channel, delivery, at) => {
    if (channel.type === 'webhook') return sendWebhook(channel, delivery, targets, at);
    if (mail === null) return { outcome: 'later', text: NO_MAIL };
    return sendMail(channel, delivery, mail, appUrl);
  };
}
