import type { Channel, ChannelTerms, WebhookFormat, WebhookTerms } from '../../delivery/channels.ts';

export const CHANNELS_PATH = '/alerts/channels';

export const FORMAT_WORDS: Record<WebhookFormat, string> = {
  json: 'JSON, for a program',
  slack: 'Slack',
  'google-chat': 'Google Chat',
  teams: 'Microsoft Teams',
};

/** The address of a webhook as it is shown: of a chat, whose address is its password, only the host. */
export function shownUrl({ url, format }: WebhookTerms): string {
  return format === 'json' ? url : `${new URL(url).origin}/…`;
}

/** "E-mail to ana@mythoria.pt", "Slack at hooks.slack.com". */
export function channelWords(terms: ChannelTerms): string {
  if (terms.type === 'email') return `E-mail to ${terms.to.join(', ')}`;
  const { host } = new URL(terms.url);
  return `${terms.format === 'json' ? 'Webhook' : FORMAT_WORDS[terms.format]} at ${host}`;
}

/** A channel as programs read it (docs/openapi.yaml), without what only whoever made it may know. */
export function channelJson(channel: Channel) {
  const { id, type, name, owner } = channel;
  if (channel.type === 'email') return { id, type, name, to: channel.to, owner };
  return { id, type, name, url: shownUrl(channel), format: channel.format, owner };
}

/** The same for whoever has just made it: with its whole address and the key of its signatures. */
export function madeChannelJson(channel: Channel) {
  if (channel.type === 'email') return channelJson(channel);
  return { ...channelJson(channel), url: channel.url, secret: channel.secret };
}
