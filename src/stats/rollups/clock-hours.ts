import type { Knex } from 'knex';
import { compareDays, type Day } from '../../units/calendar.ts';
import { type MicroEuros, microEuros, NO_EUROS, NoNumber, plus } from '../../units/money.ts';
import { addDays, postgresFromInstant, startOfDay } from '../../units/time.ts';
import type { CachePart, MakePart } from '../memory/cache.ts';
import { type Days, daysWithin, type KeptDay } from './days.ts';
import type { Column } from './packed/columns.ts';
import { readClockCosts } from './packed/packed-days.ts';
import { inPieces } from './pieces.ts';
import type { DaySegment } from './segments.ts';

/** What an action and model cost in the 24 hours of the business clock on one day: a repeated hour counts twice. */
export type ClockHours = { action: string; model: string; costs: MicroEuros[] };

/** By day and its version. */
export type ClockDays = CachePart<ClockHours[]>;

const BYTES_AN_ACTION_AND_MODEL = 400;

export const noClockDays = (part: MakePart): ClockDays =>
  part('clock hours', (hours) => BYTES_AN_ACTION_AND_MODEL * hours.length);

const nameOf = ({ day, version }: KeptDay) => `${day} ${version}`;

type Row = { number: string; action: string; model: string; costs: string };

/** The clock hours of a segment's days, by day. Loads those that are not in memory, or have changed. */
export async function clockHoursWithin(
  backoffice: Knex,
  { days, clockDays }: { days: Days; clockDays: ClockDays },
  segment: DaySegment,
  timeZone: string,
): Promise<Map<Day, ClockHours[]>> {
  const known = new Map<Day, ClockHours[]>();
  const missing: KeptDay[] = [];
  const keep = (one: KeptDay, hours: ClockHours[]) => {
    clockDays.set(nameOf(one), hours);
    known.set(one.day, hours);
  };
  for (const one of daysWithin(days, segment)) {
    const kept = clockDays.get(nameOf(one));
    if (kept !== undefined) known.set(one.day, kept);
    else missing.push(one);
  }
  missing.sort((a, b) => compareDays(a.day, b.day));
  const unpacked: KeptDay[] = [];
  const packed = await readClockCosts(
    backoffice,
    missing.flatMap(({ day, version, cells }) =>
      cells.map(({ action, model, requests }) => ({ day, version, action, model, requests })),
    ),
  );
  let next = 0;
  for (const one of missing) {
    const hours = one.cells.map(({ action, model }) => ({ action, model, costs: costsOf(packed[next++] ?? null) }));
    if (hours.every(isPacked)) keep(one, hours);
    else unpacked.push(one);
  }
  for (const some of inPieces(unpacked, ({ cells }) => 24 * cells.length, ROWS_A_READ)) {
    const loaded = await loadClockHours(
      backoffice,
      some.map(({ day }) => day),
      timeZone,
    );
    some.forEach((one, i) => {
      keep(one, loaded[i] as ClockHours[]);
    });
  }
  return known;
}

const isPacked = (hours: { costs: MicroEuros[] | null }): hours is ClockHours => hours.costs !== null;

function costsOf(packed: Column | null): MicroEuros[] | null {
  if (packed === null || packed.length === 0) return null;
  if (packed.some(Number.isNaN)) throw new NoNumber('not an amount: NaN');
  return Array.from(packed, microEuros);
}

/** One statement reads so many hours of an action and model, and at least a day. */
const ROWS_A_READ = 20_000;

/** Of each of some days. One text for each day, action and model: a tenth of the rows that the hours are. */
async function loadClockHours(backoffice: Knex, days: Day[], timeZone: string): Promise<ClockHours[][]> {
  const ofDays: ClockHours[][] = days.map(() => []);
  const { rows } = await backoffice.raw<{ rows: Row[] }>(
    `SELECT number, action, model, string_agg(clock || ' ' || micro, ',') AS costs
       FROM unnest(?::timestamptz[], ?::timestamptz[]) WITH ORDINALITY AS wanted (day_from, day_to, number)
      CROSS JOIN LATERAL (SELECT action, model, extract(hour FROM hour AT TIME ZONE ?)::int AS clock, round(cost * 1000000) AS micro
                            FROM usage_hours WHERE hour >= day_from AND hour < day_to OFFSET 0) AS hours
      GROUP BY 1, 2, 3`,
    [
      days.map((day) => postgresFromInstant(startOfDay(day, timeZone))),
      days.map((day) => postgresFromInstant(startOfDay(addDays(day, 1), timeZone))),
      timeZone,
    ],
  );
  for (const { number, action, model, costs } of rows) {
    const hours: ClockHours = { action, model, costs: Array(24).fill(NO_EUROS) };
    for (const one of costs.split(',')) {
      const [clock, micro] = one.split(' ').map(Number) as [number, number];
      if (Number.isNaN(micro)) throw new NoNumber('not an amount: NaN');
      hours.costs[clock] = plus(hours.costs[clock] ?? NO_EUROS, microEuros(micro));
    }
    ofDays[Number(number) - 1]?.push(hours);
  }
  return ofDays;
}
