import type { Knex } from 'knex';
import { type Instant, instantFromPostgres, postgresFromInstant } from '../../units/time.ts';

/** An hour that held more requests than the rollups had counted in it, and their version that found so. In order of both. */
export type GrownHour = { version: bigint; hour: Instant };

const MOST = 5_000;

/** Whether one was found after another. */
export const isFoundAfter = (one: GrownHour, other: GrownHour): boolean =>
  one.version > other.version || (one.version === other.version && one.hour > other.hour);

/**
 * The hours that were found after `after`, up to and with a version: calls of theirs came late, or were dated back. `isAll`: whether
 * there are no more of them.
 */
export async function readGrownHours(
  backoffice: Knex,
  after: GrownHour,
  until: bigint,
): Promise<{ hours: GrownHour[]; isAll: boolean }> {
  const rows = await backoffice('grown_hours')
    .whereRaw('(version, hour) > (?, ?)', [String(after.version), postgresFromInstant(after.hour)])
    .where('version', '<=', String(until))
    .orderBy(['version', 'hour'])
    .limit(MOST)
    .select<{ version: string; hour: string }[]>('version', 'hour');
  const hours = rows.map(({ version, hour }) => ({ version: BigInt(version), hour: instantFromPostgres(hour) }));
  return { hours, isAll: rows.length < MOST };
}
