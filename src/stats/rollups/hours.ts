import type { Knex } from 'knex';
import { compareDays, type Day } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { handled } from '../../units/promises/handled.ts';
import {
  addDays,
  addTime,
  dayOf,
  HOUR,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  startOfDay,
} from '../../units/time.ts';
import type { CachePart, MakePart } from '../memory/cache.ts';
import type { UsageCell } from '../sums.ts';
import { type KeptCellRow, keptCell } from './days.ts';
import type { HourSegment } from './segments.ts';

/** One rolled up hour; the bucket of its cells is its business day. */
export type KeptHour = { hour: Instant; cells: UsageCell[] };

/**
 * The hours of single days, kept in memory while the content of the rollups stays the same: a window needs those of its
 * first and last day, which the periods that people look at share.
 */
export type Hours = CachePart<KeptHour[]>;

const BYTES_A_CELL = 250;

export const noHours = (part: MakePart): Hours =>
  part('hours', (hours) => hours.reduce((sum, { cells }) => sum + BYTES_A_CELL * (1 + cells.length), 0));

/** Of a stretch whose days are not built: more at once would keep everybody else from the database. */
const DAYS_AT_ONCE = 4;

async function loadHours(backoffice: Knex, day: Day, timeZone: string): Promise<KeptHour[]> {
  const bounds = [
    postgresFromInstant(startOfDay(day, timeZone)),
    postgresFromInstant(startOfDay(addDays(day, 1), timeZone)),
  ];
  const cells = await backoffice('usage_hours')
    .whereRaw('hour >= ? AND hour < ?', bounds)
    .select<(KeptCellRow & { hour: string })[]>();
  return [...groupedBy(cells, ({ hour }) => hour)].map(([hour, rows]) => ({
    hour: instantFromPostgres(hour),
    cells: rows.map((row) => keptCell(day, row)),
  }));
}

/**
 * The hours from `from` to `to` (whole UTC hours), in no order, out of what is kept of single days; days that are not
 * there yet are loaded.
 */
export async function hoursOfDays<T extends { hour: Instant }>(
  kept: CachePart<T[]>,
  load: (day: Day) => Promise<T[]>,
  { from, to }: { from: Instant; to: Instant },
  timeZone: string,
): Promise<T[]> {
  const hours: T[] = [];
  const last = dayOf(addTime(to, -HOUR), timeZone);
  for (let day = dayOf(from, timeZone); compareDays(day, last) <= 0; ) {
    const some: Promise<T[]>[] = [];
    for (; some.length < DAYS_AT_ONCE && compareDays(day, last) <= 0; day = addDays(day, 1)) {
      const ofDay = day;
      some.push(handled(kept.read(ofDay, () => load(ofDay))));
    }
    for (const ofDay of await Promise.all(some))
      for (const one of ofDay) if (one.hour >= from && one.hour < to) hours.push(one);
  }
  return hours;
}

/** The rolled up hours from `from` to `to` (whole UTC hours) that hold records, in no order. */
export function hoursWithin(
  backoffice: Knex,
  hours: Hours,
  segment: Omit<HourSegment, 'kind'>,
  timeZone: string,
): Promise<KeptHour[]> {
  return hoursOfDays(hours, (day) => loadHours(backoffice, day, timeZone), segment, timeZone);
}
