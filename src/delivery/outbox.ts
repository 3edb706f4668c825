import type { Knex } from 'knex';
import {
  addTime,
  DAY_OF_24_HOURS,
  type Instant,
  instantFromPostgres,
  now,
  postgresFromInstant,
} from '../units/time.ts';
import type { Message } from './message.ts';

/** How long a message is tried. */
export const TRIED_FOR = DAY_OF_24_HOURS;

export type Outgoing = {
  /** A uuid: what is told. Telling the same event twice does nothing. */
  event: string;
  /** A uuid: the alert. Mails of one alert are one thread. */
  thread: string;
  /** Ids; deleted ones are left out. */
  channels: readonly string[];
  message: Message;
};

/**
 * Puts a message into the outbox for each channel, in the transaction that made it worth telling; once per event and channel. A
 * channel that is being deleted is waited for and left out; one that is deleted later takes what waits for it along.
 */
export async function enqueue(transaction: Knex, { event, thread, channels, message }: Outgoing): Promise<void> {
  const at = now();
  await transaction.raw(
    `INSERT INTO deliveries (event_id, thread_id, channel_id, message, made_at, due_at, dies_at)
     SELECT :event, :thread, channel_id, :message, :at, :at, :dies
       FROM channels WHERE channel_id = ANY(:channels::uuid[]) AND deleted_at IS NULL
        FOR SHARE
     ON CONFLICT (event_id, channel_id) DO NOTHING`,
    {
      ...{ event, thread, channels: [...channels], message: JSON.stringify(message) },
      ...{ at: postgresFromInstant(at), dies: postgresFromInstant(addTime(at, TRIED_FOR)) },
    },
  );
}

export type DeliveryState = 'waiting' | 'sent' | 'dead' | 'dismissed';

/** What became of one message to one channel. */
export type DeliveryLine = {
  id: string;
  event: string;
  /** `shown`: whether it has a page, which a deleted one and somebody's own have not. */
  channel: { id: string; name: string; type: 'email' | 'webhook'; deleted: boolean; shown: boolean };
  subject: string;
  state: DeliveryState;
  attempts: number;
  made: Instant;
  /** When it is tried next; null when it is not. */
  due: Instant | null;
  /** When it was sent or given up. */
  ended: Instant | null;
  /** What the other side said last, or why it could not be asked; empty before the first attempt. */
  answer: string;
};

type LineRow = {
  delivery_id: string;
  event_id: string;
  channel_id: string;
  name: string;
  type: 'email' | 'webhook';
  deleted: boolean;
  shown: boolean;
  subject: string;
  state: DeliveryState;
  attempts: number;
  made_at: string;
  due_at: string;
  ended_at: string | null;
  answer: string;
};

const lineOf = (row: LineRow): DeliveryLine => ({
  ...{ id: row.delivery_id, event: row.event_id, subject: row.subject, state: row.state, attempts: row.attempts },
  channel: { id: row.channel_id, name: row.name, type: row.type, deleted: row.deleted, shown: row.shown },
  made: instantFromPostgres(row.made_at),
  due: row.state === 'waiting' ? instantFromPostgres(row.due_at) : null,
  ended: row.ended_at === null ? null : instantFromPostgres(row.ended_at),
  answer: row.answer,
});

const linesOf = (backoffice: Knex): Knex.QueryBuilder =>
  backoffice('deliveries')
    .join('channels', 'channels.channel_id', 'deliveries.channel_id')
    .select(
      ...['delivery_id', 'event_id', 'deliveries.channel_id', 'channels.name', 'channels.type', 'state', 'attempts'],
      ...['made_at', 'due_at', 'ended_at', 'answer'],
      backoffice.raw(`channels.deleted_at IS NOT NULL AS deleted, channels.deleted_at IS NULL AND channels.person IS NULL AS shown,
         message->>'subject' AS subject`),
    );

const MOST_LINES = 200;

/** Some lines in some order, at most two hundred. */
export async function readLines(
  backoffice: Knex,
  some: (lines: Knex.QueryBuilder) => Knex.QueryBuilder,
): Promise<DeliveryLine[]> {
  const rows: LineRow[] = await some(linesOf(backoffice)).orderBy('delivery_id').limit(MOST_LINES);
  return rows.map(lineOf);
}

/** What was sent to whom of an alert, newest first: at most two hundred. */
export function deliveriesOf(backoffice: Knex, thread: string): Promise<DeliveryLine[]> {
  return readLines(backoffice, (lines) =>
    lines.where('thread_id', thread).orderBy([{ column: 'made_at', order: 'desc' }, 'channels.name']),
  );
}
