import { COST_OF_ROW } from '../../db/row-sql.ts';
import { businessTime } from '../../query/business-time.ts';
import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import { weekdayOf } from '../../units/calendar.ts';
import { clockOf } from '../../units/local-time.ts';
import { type MicroEuros, microEurosFromNumeric, NO_EUROS, plus } from '../../units/money.ts';
import { type Instant, isOfNoTime, type Window } from '../../units/time.ts';
import { type Kept, readEnds, type WindowParts, windowPartsOf } from '../parts.ts';
import type { PriceList } from '../pricing/price-list.ts';
import { addRepricedHours } from '../pricing/repriced-week.ts';
import { clockHoursWithin } from '../rollups/clock-hours.ts';
import { hoursWithin } from '../rollups/hours.ts';
import { clockInstant } from '../rollups/segments.ts';
import type { UsageSource } from '../source.ts';

/** What the hours of a week cost: for each weekday, Monday first, 24 sums. Business time. */
export type Week = MicroEuros[][];

const noWeek = (): Week => Array.from({ length: 7 }, () => Array(24).fill(NO_EUROS));

/**
 * The cost of a window by weekday and hour of the business clock, which adds up to its total: whole days from memory, the
 * hours around them and the raw ends as every statistic reads them. An hour that clocks repeat counts twice. `list`: by its
 * prices; null for recorded costs.
 */
export async function readWeek(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  list: PriceList | null,
): Promise<Week> {
  const { backoffice, memory, timeZone } = source;
  const parts = windowPartsOf(source, window, filter, { days: true });
  const passes = rollupPasses(filter);
  const week = noWeek();
  if (isOfNoTime(window)) return week;
  const add = (weekday: number, hour: number, cost: MicroEuros) => {
    const day = week[weekday - 1] as MicroEuros[];
    day[hour] = plus(day[hour] ?? NO_EUROS, cost);
  };
  if (list !== null) {
    await addRepricedHours(source, window, filter, list, ({ day, hour }, { cost }) => add(weekdayOf(day), hour, cost));
    return week;
  }
  const clocks = new Map<Instant, { weekday: number; hour: number }>();
  const addAt = (at: Instant, cost: MicroEuros) => {
    const start = clockInstant(at, timeZone);
    const clock = clocks.get(start) ?? clockOf(start, timeZone);
    clocks.set(start, clock);
    add(clock.weekday, clock.hour, cost);
  };

  const addSql = async (part: WindowParts['sql'][number]) => {
    for (const { weekday, hour, cost } of await readSqlWeek(source, part))
      add(weekday, hour, microEurosFromNumeric(cost));
  };
  const addDays = async (segment: Kept['days'][number]) => {
    for (const [day, hours] of await clockHoursWithin(backoffice, memory, segment, timeZone)) {
      const weekday = weekdayOf(day);
      for (const one of hours) {
        if (!passes(one, null)) continue;
        for (const [hour, cost] of one.costs.entries()) if (segment.hours?.[hour] ?? true) add(weekday, hour, cost);
      }
    }
  };
  const addHours = async (segment: Kept['hours'][number]) => {
    for (const { hour, cells } of await hoursWithin(backoffice, memory.hours, segment, timeZone))
      for (const cell of cells) if (passes(cell, hour)) addAt(hour, cell.cost);
  };
  const addEnds = async () => {
    for (const { at, kind, cost } of await readEnds(source, parts)) if (passes(kind, at)) addAt(at, cost);
  };
  const { hours = [], days = [] } = parts.kept ?? {};
  await Promise.all([...parts.sql.map(addSql), ...days.map(addDays), ...hours.map(addHours), addEnds()]);
  return week;
}

async function readSqlWeek({ workflows, timeZone }: UsageSource, { window, filter }: WindowParts['sql'][number]) {
  const local = businessTime(timeZone);
  const rows = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select(
      workflows.raw(`extract(isodow FROM ${local.sql})::int AS weekday`, local.bindings),
      workflows.raw(`extract(hour FROM ${local.sql})::int AS hour`, local.bindings),
      workflows.raw(`coalesce(sum(${COST_OF_ROW}), 0)::text AS cost`),
    )
    .groupByRaw('1, 2');
  return rows as { weekday: number; hour: number; cost: string }[];
}
