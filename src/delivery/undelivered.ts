import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { handled } from '../units/promises/handled.ts';
import { addTime, now, postgresFromInstant } from '../units/time.ts';
import { type DeliveryLine, readLines, TRIED_FOR } from './outbox.ts';

/** What was given up and neither sent again nor dismissed, newest first: at most two hundred. */
export function readUndelivered(backoffice: Knex): Promise<DeliveryLine[]> {
  return readLines(backoffice, (lines) => lines.where('state', 'dead').orderBy('ended_at', 'desc'));
}

/** What was sent to a channel of late, or waits for it: at most two hundred. */
export function readSentTo(backoffice: Knex, channel: string): Promise<DeliveryLine[]> {
  return readLines(backoffice, (lines) =>
    lines.where('deliveries.channel_id', channel).orderBy('deliveries.made_at', 'desc'),
  );
}

const dead = (backoffice: Knex, id: string | null) => {
  const all = backoffice('deliveries').where('state', 'dead');
  return id === null ? all : all.where('delivery_id', id);
};

/** Tries one that was given up for another day, or all of them (null), beginning now; returns how many those are. */
export async function sendAgain(transaction: Knex, id: string | null): Promise<number> {
  const at = now();
  const [due_at, dies_at] = [at, addTime(at, TRIED_FOR)].map(postgresFromInstant);
  return dead(transaction, id).update({ state: 'waiting', due_at, dies_at, ended_at: null });
}

/** Says no more of one that was given up, or of all of them (null); returns how many those are. */
export async function dismiss(transaction: Knex, id: string | null): Promise<number> {
  return dead(transaction, id).update({ state: 'dismissed' });
}

const A_LOOK_TAKES_MS = 300;

/**
 * How many messages were given up, for every page: asked at most once in `keepForMs`, waited for only so long, and what was
 * known last where the database does not answer.
 */
export function createUndeliveredCount(backoffice: Knex, keepForMs: number): () => Promise<number> {
  let known = 0;
  let asked = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;
  const ask = async () => {
    try {
      const row = await backoffice('deliveries').where('state', 'dead').count('* AS count').first();
      known = Number(row?.count ?? 0);
    } catch {
      // The page says by itself that the database does not answer.
    }
    asked = performance.now();
    asking = null;
  };
  return async () => {
    if (performance.now() - asked < keepForMs) return known;
    asking ??= handled(ask());
    await Promise.race([asking, sleep(A_LOOK_TAKES_MS, undefined, { ref: false })]);
    return known;
  };
}
