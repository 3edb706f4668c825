import type { Channel } from '../../delivery/channels.ts';
import type { Answer } from '../../delivery/message.ts';
import type { DeliveryLine, DeliveryState } from '../../delivery/outbox.ts';
import { NO_MAIL } from '../../delivery/send.ts';
import { type Column, dataTable, type Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { CHANNELS_PATH, channelWords } from './channel-words.ts';

const channelColumns: Column<Channel>[] = [
  {
    ...{ name: 'channel', label: 'Channel', kind: 'text', value: ({ name }) => name },
    cell: ({ id }) => ({ href: `${CHANNELS_PATH}/${id}` }),
  },
  { name: 'where', label: 'Where', kind: 'text', value: channelWords },
  { name: 'owner', label: 'Made by', kind: 'text', value: ({ owner }) => owner },
];

export const channelsTable = (channels: Channel[], format: Format): Table =>
  dataTable(channelColumns, { title: 'Channels', rows: channels }).page(format);

const STATE_WORDS: Record<DeliveryState, string> = {
  waiting: 'waiting',
  sent: 'sent',
  dead: 'not delivered',
  dismissed: 'dismissed',
};

const deliveryColumns = (format: Format): Column<DeliveryLine>[] => [
  {
    ...{ name: 'message', label: 'Message', kind: 'text', value: ({ subject }) => subject },
    cell: ({ state }) => (state === 'dead' ? { flag: STATE_WORDS.dead } : {}),
  },
  { name: 'made', label: 'Made', kind: 'instant', value: ({ made }) => made },
  {
    ...{ name: 'state', label: 'State', kind: 'text', value: ({ state }) => STATE_WORDS[state] },
    cell: ({ due, ended }) => ({
      ...(due ? { note: `next try ${format.shortInstant(due)}` } : {}),
      ...(ended ? { note: format.shortInstant(ended) } : {}),
    }),
  },
  { name: 'attempts', label: 'Attempts', kind: 'integer', value: ({ attempts }) => attempts },
  { name: 'answer', label: 'Last answer', kind: 'text', value: ({ answer }) => answer },
];

/** What was sent to a channel of late; null where nothing was. */
export const sentTable = (lines: DeliveryLine[], format: Format): Table | null =>
  lines.length === 0 ? null : dataTable(deliveryColumns(format), { title: 'Sent of late', rows: lines }).page(format);

export const DELIVERIES_PATH = '/alerts/deliveries';

/** What could not be delivered, each with what may be done about it. */
export function undeliveredView(lines: DeliveryLine[], format: Format) {
  if (lines.length === 0) return null;
  return {
    lines: lines.map(({ id, subject, channel, attempts, ended, answer }) => ({
      subject,
      channel: { name: channel.name, href: channel.shown ? `${CHANNELS_PATH}/${channel.id}` : null },
      said: `${format.integer(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}${ended ? ` until ${format.minute(ended)}` : ''}. ${answer}`,
      again: `${DELIVERIES_PATH}/${id}/again`,
      dismiss: `${DELIVERIES_PATH}/${id}/dismiss`,
    })),
    all: { again: `${DELIVERIES_PATH}/again`, dismiss: `${DELIVERIES_PATH}/dismiss` },
  };
}

const OUTCOMES: Record<Answer['outcome'], string> = {
  taken: 'The test was taken',
  later: 'The test was not taken; an alert would be tried again for a day',
  never: 'The test was refused; an alert would be given up and said here',
};

/** What the page of a channel says besides what was sent. */
export function channelPage(channel: Channel, mails: boolean, answer: Answer | null) {
  const path = `${CHANNELS_PATH}/${channel.id}`;
  return {
    name: channel.name,
    where: channelWords(channel),
    owner: channel.owner,
    // Chats know no signatures.
    secret: channel.type === 'webhook' && channel.format === 'json' ? channel.secret : null,
    noMail: channel.type === 'email' && !mails ? NO_MAIL : null,
    test: `${path}/test`,
    newKey: `${path}/key`,
    remove: `${path}/delete`,
    answer: answer && { taken: answer.outcome === 'taken', outcome: OUTCOMES[answer.outcome], said: answer.text },
  };
}
