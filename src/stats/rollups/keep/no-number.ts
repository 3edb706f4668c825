import type { Knex } from 'knex';
import { addTime, HOUR, instantFromPostgres, type Window } from '../../../units/time.ts';
import { STATEMENT_TIMEOUT } from './limits.ts';

/**
 * Rollups of an earlier version may have added up costs with one that is no number, and their fingerprints say that nothing
 * has changed since. Makes the fingerprints of such hours differ from their rows, so that whoever compares them next
 * computes them again, and returns these hours: of a day that no hour is known of, its first.
 */
export async function distrustNoNumbers(backoffice: Knex): Promise<Window[]> {
  const hours = await backoffice.transaction(async (transaction) => {
    await transaction.raw(`SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`);
    const { rows } = await transaction.raw<{ rows: { hour: string }[] }>(`
      WITH days AS (
        SELECT day::timestamp AT TIME ZONE time_zone AS day_from, (day + 1)::timestamp AT TIME ZONE time_zone AS day_to
          FROM usage_days, rollup_state WHERE cost = 'NaN'
      ), hours AS (
        SELECT hour FROM usage_hours WHERE cost = 'NaN'
        UNION SELECT hour FROM usage_hours_of_stories WHERE 'NaN' = ANY (cost)
        UNION SELECT coalesce(hour, day_from) FROM days LEFT JOIN hour_fingerprints ON hour >= day_from AND hour < day_to
      )
      INSERT INTO hour_fingerprints AS kept (hour, requests, fingerprint)
      SELECT hour, 0, 1 FROM hours
          ON CONFLICT (hour) DO UPDATE SET fingerprint = kept.fingerprint + 1
      RETURNING hour`);
    return rows;
  });
  return hours.map(({ hour }) => {
    const from = instantFromPostgres(hour);
    return { from, to: addTime(from, HOUR) };
  });
}
