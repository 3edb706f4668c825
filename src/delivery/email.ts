import { isLoopback } from '../units/input/hosts.ts';
import type { EmailChannel } from './channels.ts';
import { mailHtml, mailText } from './mail-bodies.ts';
import type { Answer, Delivery } from './message.ts';
import { cut, oneLine } from './text.ts';

/** Mail's settings: the address of the server, credentials included, and who it is from. */
export type MailSettings = { smtpUrl: string; from: string };

const WITHIN_MS = 20_000;
const STEP_WITHIN_MS = 5_000;
const SILENT_FOR_MS = 10_000;
const MOST_SAID = 500;

/**
 * Sends a message to all addresses of a channel as one mail. Its Message-ID is the delivery, its thread the alert: what it
 * answers to has never been a mail itself, as with GitHub's, so that it is the same for whoever gets only some of them.
 */
export async function sendMail(
  channel: EmailChannel,
  { id, thread, message }: Delivery,
  { smtpUrl, from }: MailSettings,
  appUrl: URL,
): Promise<Answer> {
  const { path, reason } = whyTold(channel);
  const endedAt = new URL(path, appUrl).href;
  const parts = { message, reason, endedAt };
  const root = `<${thread}@${appUrl.hostname}>`;
  const transport = await openTransport(smtpUrl);
  try {
    const { accepted, rejected, response } = await transport.sendMail({
      ...{ from, to: channel.to, subject: oneLine(message.subject), text: mailText(parts), html: mailHtml(parts) },
      ...{ messageId: `<${id}@${appUrl.hostname}>`, inReplyTo: root, references: root },
      headers: { 'Auto-Submitted': 'auto-generated', 'List-Unsubscribe': `<${endedAt}>` },
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    const refused = rejected.length === 0 ? '' : `; not taken for ${[...rejected].join(', ')}`;
    return { outcome: accepted.length > 0 ? 'taken' : 'never', text: cut(oneLine(response), MOST_SAID) + refused };
  } catch (error) {
    return failureOf(error);
  } finally {
    transport.close();
  }
}

/** Why the mail server would take nothing of ours: connects, greets and signs in, and sends no mail. Null where it would. */
export async function mailProblem(smtpUrl: string): Promise<string | null> {
  const transport = await openTransport(smtpUrl);
  try {
    await transport.verify();
    return null;
  } catch (error) {
    return failureOf(error).text;
  } finally {
    transport.close();
  }
}

/** The package is read with the first mail, for few processes send any. */
async function openTransport(smtpUrl: string) {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url: smtpUrl,
    // Passwords and costs do not travel in the open, unless the settings say so (?requireTLS=false).
    requireTLS: !isLoopback(new URL(smtpUrl).hostname),
    ...{ connectionTimeout: STEP_WITHIN_MS, greetingTimeout: STEP_WITHIN_MS, dnsTimeout: STEP_WITHIN_MS },
    ...{ socketTimeout: SILENT_FOR_MS, socketCloseTimeout: 0, disableFileAccess: true, disableUrlAccess: true },
  });
}

/** Why somebody gets a mail, and where that is ended. */
function whyTold({ id, name, own }: EmailChannel): { path: string; reason: string } {
  if (own === 'chosen')
    return { path: '/account', reason: 'You get this because you have chosen so. It is changed or ended here:' };
  if (own === 'maker')
    return {
      path: '/alerts/rules',
      reason: 'You get this because you have made what it is about. Rules are changed or deleted here:',
    };
  return {
    path: `/alerts/channels/${id}`,
    reason: `You get this as an address of the channel “${oneLine(name)}”. It is changed or deleted here:`,
  };
}

const IN_WORDS: Record<string, string> = {
  ETIMEDOUT: 'The mail server does not answer in time',
  ABORT_ERR: `The mail server does not answer within ${WITHIN_MS / 1000} seconds`,
  EDNS: 'The name of the mail server cannot be looked up',
  ESOCKET: 'The mail server cannot be reached',
  ECONNECTION: 'The connection to the mail server broke off',
  ETLS: 'No encrypted connection to the mail server comes about',
  EAUTH: 'The mail server refuses our user or password',
};

type SmtpError = NodeJS.ErrnoException & { responseCode?: number; response?: string };

/** SMTP's own words, where it has said something; refusals that begin with 5 are for good (RFC 5321, section 4.2.1). */
function failureOf(error: unknown): Answer {
  const { name, code = '', message, responseCode, response } = error as SmtpError;
  const said = cut(oneLine(response ?? message), MOST_SAID);
  const words = IN_WORDS[name === 'AbortError' || name === 'TimeoutError' ? 'ABORT_ERR' : code];
  // Of this mail and whom it is for. What is wrong with the connection or our password is set right, and then it goes out.
  const forGood = responseCode !== undefined && responseCode >= 500 && ['EENVELOPE', 'EMESSAGE'].includes(code);
  return { outcome: forGood ? 'never' : 'later', text: words ? `${words}: ${said}` : said };
}
