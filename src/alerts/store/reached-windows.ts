import type { Knex } from 'knex';
import { type Instant, postgresFromInstant } from '../../units/time.ts';
import type { ReachedWindow } from '../evaluation/late.ts';

/** Writes down how many levels windows have reached, where that is more than was known of them. */
export async function writeReached(transaction: Knex, windows: (ReachedWindow & { ruleId: string })[]): Promise<void> {
  if (windows.length === 0) return;
  await transaction.raw(
    `INSERT INTO reached_windows AS kept (rule_id, subject, window_from, window_to, reached)
     SELECT rule_id, subject, window_from, window_to, max(reached)
       FROM unnest(?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::integer[])
         AS new (rule_id, subject, window_from, window_to, reached)
      GROUP BY 1, 2, 3, 4
         ON CONFLICT (rule_id, subject, window_from) DO UPDATE SET reached = greatest(kept.reached, excluded.reached)`,
    [
      windows.map(({ ruleId }) => ruleId),
      windows.map(({ subject }) => subject),
      windows.map(({ window }) => postgresFromInstant(window.from)),
      windows.map(({ window }) => postgresFromInstant(window.to)),
      windows.map(({ reached }) => reached),
    ],
  );
}

/** How many levels each subject of a window has reached; those that have reached none are not in it. */
export async function readReached(backoffice: Knex, ruleId: string, from: Instant): Promise<Map<string, number>> {
  const rows: { subject: string; reached: number }[] = await backoffice('reached_windows')
    .where({ rule_id: ruleId, window_from: postgresFromInstant(from) })
    .select('subject', 'reached');
  return new Map(rows.map(({ subject, reached }) => [subject, reached]));
}

/** Of a rule that is evaluated otherwise from now on, or no more. */
export async function forgetReachedOf(transaction: Knex, ruleId: string): Promise<void> {
  await transaction('reached_windows').where('rule_id', ruleId).delete();
}
