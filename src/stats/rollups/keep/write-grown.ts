import type { Knex } from 'knex';
import { exactInteger } from '../../../units/integer.ts';
import { type Instant, instantFromPostgres, postgresFromInstant } from '../../../units/time.ts';
import type { HourCell } from '../source-hours.ts';

/** An hour as it was counted, by its fingerprint. */
export type CountedHour = { hour: string; requests: string };

/** Writes down which of the covered hours hold more requests in `cells` than they did before: their calls came late. */
export async function writeGrown(
  transaction: Knex,
  before: CountedHour[],
  cells: HourCell[],
  coveredUntil: Instant | null,
  version: string,
): Promise<void> {
  if (coveredUntil === null) return;
  const more = new Map<Instant, number>();
  const add = ({ hour, requests }: CountedHour, times: 1 | -1) => {
    const at = instantFromPostgres(hour);
    if (at < coveredUntil) more.set(at, (more.get(at) ?? 0) + times * exactInteger(requests));
  };
  for (const cell of cells) add(cell, 1);
  for (const hour of before) add(hour, -1);
  const grown = [...more].filter(([, requests]) => requests > 0).map(([hour]) => postgresFromInstant(hour));
  if (grown.length === 0) return;
  await transaction.raw(
    `INSERT INTO grown_hours (hour, version) SELECT hour, ? FROM unnest(?::timestamptz[]) AS hour
         ON CONFLICT (hour) DO UPDATE SET version = excluded.version`,
    [version, grown],
  );
}
