import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { handled } from '../units/promises/handled.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  type Length,
  MINUTE,
  now,
  postgresFromInstant,
  SECOND,
} from '../units/time.ts';
import { CHANNEL_COLUMNS, type Channel, type ChannelRow, channelOf } from './channels.ts';
import type { Answer, Delivery, Message } from './message.ts';
import type { Send } from './send.ts';

/** Longer than any attempt takes: what somebody has taken and not settled by then is taken again. */
export const LEASE = MINUTE;
/** How many are under way at once. */
const AT_ONCE = 10;

const FIRST_PAUSE = 30n * SECOND;
const LONGEST_PAUSE = 2n * HOUR;

/** What is taken out of the outbox for one attempt; `attempt` numbers it. */
type Taken = { channel: Channel; delivery: Delivery; attempt: number; dies: string };
type TakenRow = ChannelRow & {
  delivery_id: string;
  event_id: string;
  thread_id: string;
  message: Message;
  attempts: number;
  dies_at: string;
};

/**
 * Takes what is due, each for one attempt and for the length of a lease; nobody else has it meanwhile. Of one thread and
 * channel only the oldest is due: nobody reads that something is over before that it began. Some channels may be left out.
 */
async function take(backoffice: Knex, at: Instant, without: Iterable<string>): Promise<Taken[]> {
  const { rows } = await backoffice.raw<{ rows: TakenRow[] }>(
    `WITH due AS MATERIALIZED (
       SELECT delivery_id FROM deliveries AS one
        WHERE state = 'waiting' AND due_at <= :at AND channel_id <> ALL(:without::uuid[])
          AND NOT EXISTS (SELECT FROM deliveries AS earlier
                           WHERE earlier.thread_id = one.thread_id AND earlier.channel_id = one.channel_id
                             AND earlier.state = 'waiting' AND earlier.made_at < one.made_at)
        ORDER BY due_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED
     )
     UPDATE deliveries SET attempts = attempts + 1, due_at = :leased
       FROM due, channels
      WHERE deliveries.delivery_id = due.delivery_id AND channels.channel_id = deliveries.channel_id
     RETURNING deliveries.delivery_id, event_id, thread_id, message, attempts, dies_at, ${CHANNEL_COLUMNS.join(', ')}`,
    { at: postgresFromInstant(at), without: [...without], leased: postgresFromInstant(addTime(at, LEASE)) },
  );
  return rows.map((row) => ({
    channel: channelOf(row),
    delivery: { id: row.delivery_id, event: row.event_id, thread: row.thread_id, message: row.message },
    attempt: row.attempts,
    dies: row.dies_at,
  }));
}

/** Half a minute, then twice as long each time, up to two hours; a fifth more or less, so that many do not come back together. */
function pauseAfter(attempt: number, { afterMs }: Answer, random: number): Length {
  const doubled = FIRST_PAUSE * 2n ** BigInt(Math.min(attempt - 1, 20));
  const pause = doubled < LONGEST_PAUSE ? doubled : LONGEST_PAUSE;
  const jittered = (pause * BigInt(Math.round(800 + 400 * random))) / 1000n;
  if (afterMs === undefined) return jittered;
  const asked = BigInt(Math.ceil(afterMs)) * 1000n;
  return asked > LONGEST_PAUSE ? LONGEST_PAUSE : asked > jittered ? asked : jittered;
}

/** Writes down what came of an attempt, unless it was given up and another begun, or somebody dismissed it meanwhile. */
async function settle(backoffice: Knex, { delivery, attempt }: Taken, answer: Answer, at: Instant, random: number) {
  const ended = (state: 'sent' | 'dead') => ({ state, ended_at: postgresFromInstant(at), answer: answer.text });
  const next = postgresFromInstant(addTime(at, pauseAfter(attempt, answer, random)));
  const mine = backoffice('deliveries').where({ delivery_id: delivery.id, attempts: attempt, state: 'waiting' });
  if (answer.outcome === 'taken') await mine.update(ended('sent'));
  else if (answer.outcome === 'never') await mine.update(ended('dead'));
  else {
    await mine.update({
      answer: answer.text,
      due_at: next,
      state: backoffice.raw(`CASE WHEN ?::timestamptz > dies_at THEN 'dead' ELSE state END`, [next]),
      ended_at: backoffice.raw(`CASE WHEN ?::timestamptz > dies_at THEN ?::timestamptz END`, [
        next,
        postgresFromInstant(at),
      ]),
    });
  }
}

type DeliverOptions = {
  /** What time it is. */
  clock?: () => Instant;
  isStopping?: () => boolean;
  /** From 0 to 1, for pauses. */
  random?: () => number;
};

/**
 * Sends what is due, until nothing is but to channels that are away; returns how many attempts that took. At least once: whoever is killed between
 * sending and writing it down leaves what is sent again, under the same key, when its lease is over.
 */
export async function deliver(backoffice: Knex, send: Send, options: DeliverOptions = {}): Promise<number> {
  const { clock = now, isStopping = () => false, random = Math.random } = options;
  // A channel that is away keeps those behind it waiting for as long as one attempt takes, not for each of its messages.
  const away = new Set<string>();
  for (let attempts = 0; ; ) {
    if (isStopping()) return attempts;
    const taken = await take(backoffice, clock(), away);
    if (taken.length === 0) return attempts;
    attempts += taken.length;
    const sending = handled(
      Promise.all(
        taken.map(async (one) => {
          const answer = await send(one.channel, one.delivery, clock()).catch(
            (error: Error): Answer => ({ outcome: 'later', text: `Not sent: ${error.message}` }),
          );
          if (answer.outcome === 'later') away.add(one.channel.id);
          await settle(backoffice, one, answer, clock(), random());
        }),
      ),
    );
    if (await isLeft(sending, isStopping)) return attempts;
  }
}

/** A receiver that says nothing keeps nobody from stopping: its attempt is over with its lease. */
const PATIENCE_MS = 3_000;
const LOOK_MS = 100;

/** Waits until something is done, and no longer than a moment once the program stops; true where it was left undone. */
async function isLeft(work: Promise<unknown>, isStopping: () => boolean): Promise<boolean> {
  const done = new AbortController();
  const stopped = async () => {
    while (!isStopping()) await sleep(LOOK_MS, null, { signal: done.signal });
    await sleep(PATIENCE_MS, null, { signal: done.signal });
    return true;
  };
  try {
    return await Promise.race([work.then(() => false), handled(stopped())]);
  } finally {
    done.abort();
  }
}

const KEPT_FOR = 90n * DAY_OF_24_HOURS;
const MOST_FORGOTTEN = 10_000;

/** Deletes what was sent or given up ninety days ago or longer, at most ten thousand at a time. */
export async function forgetDeliveries(backoffice: Knex, at: Instant = now()): Promise<number> {
  const old = backoffice('deliveries')
    .whereNot('state', 'waiting')
    .where('ended_at', '<', postgresFromInstant(addTime(at, -KEPT_FOR)))
    .orderBy('ended_at')
    .limit(MOST_FORGOTTEN)
    .select('delivery_id');
  return backoffice('deliveries').whereIn('delivery_id', old).delete();
}
