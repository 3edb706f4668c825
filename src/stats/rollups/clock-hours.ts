import type { Knex } from 'knex';
import { compareDays, dayFromPostgres } from '../../units/calendar.ts';
import { NoNumber } from '../../units/money.ts';
import { addDays, type Day, postgresFromInstant, startOfDay } from '../../units/time.ts';
import { type Days, daysWithin } from './days.ts';
import type { DaySegment } from './segments.ts';

/** What an action and model cost in the 24 hours of the business clock on one day, in micro-euros: a repeated hour counts twice. */
export type ClockHours = { action: string; model: string; costs: number[] };

/** Kept in memory by day and its version, for the days that have been asked for: some 200 bytes for each action and model of a day. */
export type ClockDays = Map<Day, { version: string; hours: ClockHours[] }>;

export const noClockDays = (): ClockDays => new Map();

type Row = { day: string; action: string; model: string; costs: string };

/** The clock hours of a segment's days, by day. Loads those that are not in memory, or have changed. */
export async function clockHoursWithin(
  backoffice: Knex,
  { days, clockDays }: { days: Days; clockDays: ClockDays },
  segment: DaySegment,
  timeZone: string,
): Promise<Map<Day, ClockHours[]>> {
  const wanted = [...daysWithin(days, segment)];
  const missing = wanted.filter(({ day, version }) => clockDays.get(day)?.version !== version);
  const loaded = await loadClockHours(backoffice, missing.map(({ day }) => day).sort(compareDays), timeZone);
  for (const { day, version } of missing) clockDays.set(day, { version, hours: loaded.get(day) ?? [] });
  return new Map(wanted.map(({ day }) => [day, clockDays.get(day)?.hours ?? []]));
}

/** One text for each day, action and model: a tenth of the rows that the hours are. */
async function loadClockHours(backoffice: Knex, days: Day[], timeZone: string): Promise<Map<Day, ClockHours[]>> {
  const byDay = new Map<Day, ClockHours[]>();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return byDay;
  const { rows } = await backoffice.raw<{ rows: Row[] }>(
    `SELECT to_char(day, 'YYYY-MM-DD BC') AS day, action, model, string_agg(clock || ' ' || micro, ',') AS costs
       FROM (SELECT (hour AT TIME ZONE ?)::date AS day, action, model,
                    extract(hour FROM hour AT TIME ZONE ?)::int AS clock, round(cost * 1000000) AS micro
               FROM usage_hours WHERE hour >= ? AND hour < ?) AS hours
      GROUP BY 1, 2, 3`,
    [
      timeZone,
      timeZone,
      postgresFromInstant(startOfDay(first, timeZone)),
      postgresFromInstant(startOfDay(addDays(last, 1), timeZone)),
    ],
  );
  for (const { day: text, action, model, costs } of rows) {
    const day = dayFromPostgres(text);
    const hours: ClockHours = { action, model, costs: Array(24).fill(0) };
    for (const one of costs.split(',')) {
      const [clock, micro] = one.split(' ').map(Number) as [number, number];
      if (Number.isNaN(micro)) throw new NoNumber('not an amount: NaN');
      hours.costs[clock] = (hours.costs[clock] ?? 0) + micro;
    }
    const ofDay = byDay.get(day);
    if (ofDay) ofDay.push(hours);
    else byDay.set(day, [hours]);
  }
  return byDay;
}
