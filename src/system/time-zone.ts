import type { Knex } from 'knex';
import { addTime, DAY_OF_24_HOURS, now, offsetAt, postgresFromInstant, SECOND } from '../units/time.ts';

const [DAYS_BEFORE, DAYS_AFTER] = [3 * 365, 2 * 365];

/**
 * Where a database counts the days of a time zone otherwise than this program, which adds up days of both; null where they agree.
 * Each has rules of its own (tzdata), and some short names mean one place to the one and another to the other.
 */
export async function timeZoneProblem(database: Knex, timeZone: string): Promise<string | null> {
  const today = now();
  const days = Array.from({ length: DAYS_BEFORE + DAYS_AFTER }, (_, day) =>
    addTime(today, BigInt(day - DAYS_BEFORE) * DAY_OF_24_HOURS),
  );
  let offsets: number[];
  try {
    const { rows } = await database.raw<{ rows: [{ offsets: number[] }] }>(
      `SELECT array_agg(extract(epoch FROM (at AT TIME ZONE ?) - (at AT TIME ZONE 'UTC'))::integer ORDER BY at) AS offsets
         FROM unnest(?::timestamptz[]) AS at`,
      [timeZone, days.map(postgresFromInstant)],
    );
    offsets = rows[0].offsets;
  } catch (error) {
    if ((error as { code?: string }).code !== '22023') throw error;
    return `knows no time zone ${timeZone}: name one of pg_timezone_names, such as Europe/Lisbon, in TIME_ZONE`;
  }
  const differs = days.find((at, i) => offsetAt(at, timeZone) !== BigInt(offsets[i] ?? 0) * SECOND);
  if (differs === undefined) return null;
  const day = postgresFromInstant(differs).slice(0, 10);
  return `has other clocks for ${timeZone} than this program, on ${day} among others: update PostgreSQL's tzdata or Node, or name the place in full in TIME_ZONE, such as Europe/Lisbon`;
}
