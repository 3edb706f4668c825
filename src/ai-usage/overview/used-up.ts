import type { Knex } from 'knex';
import { filterText } from '../../query/filter-text.ts';
import { queryWithin, type UsageQuery } from '../../query/query.ts';
import { costWithin, reachedSince, type UsedUp, usedUpPeriods } from '../../stats/budgets/budget-use.ts';
import { type Budget, readBudgets } from '../../stats/budgets/budgets.ts';
import type { DailyCosts } from '../../stats/forecast.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { PER_WORDS, periodOf } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import { minus } from '../../units/money.ts';
import {
  addTime,
  dayOf,
  earliest,
  endOfDay,
  type Instant,
  isOfNoTime,
  latest,
  startOfDay,
  startOfHourNumber,
} from '../../units/time.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import type { ChartNote } from '../chart/usage-over-time.ts';

/** A budget, and the periods of it that were used up within a window; `at` is the day, or of a chart of hours the hour. */
type UsedUpBudget = { budget: Budget; periods: (UsedUp & { at: Instant })[] };

/** The budgets of just the calls that a query means, and of the costs that it shows. */
export async function readBudgetsOf(backoffice: Knex, query: UsageQuery): Promise<Budget[]> {
  const filter = filterText(query);
  return (await readBudgets(backoffice)).filter((budget) => budget.filter === filter && budget.cost === query.cost);
}

/** When budgets of the calls of a query were used up within its window, from the same numbers as every page. */
export async function readUsedUp(
  reader: UsageReader,
  budgets: Budget[],
  query: UsageQuery,
  timeZone: string,
): Promise<UsedUpBudget[]> {
  const { window, asOf } = query;
  if (budgets.length === 0 || isOfNoTime(window)) return [];
  const begin = window.from ?? (await reader.earliest());
  if (begin === null || begin >= window.to || begin >= asOf) return [];
  const [firstDay, lastDay] = [dayOf(begin, timeZone), dayOf(addTime(window.to, -1n), timeZone)];
  const from = budgets.map(({ per }) => startOfDay(periodOf(firstDay, per).first, timeZone)).reduce(earliest);
  // A refund behind the window may have given back what was used in it.
  const to = budgets.map(({ per }) => startOfDay(periodOf(lastDay, per).next, timeZone)).reduce(latest);
  const whole = queryWithin(query, { from, to: earliest(to, asOf) });
  const { value: costs } = await reader.dailyCosts(whole);
  const isShown = (at: Instant, end: Instant) => end > begin && at < window.to;
  const byHour = bucketSizeOf(query) === 'hour';
  const usedUp = async (budget: Budget): Promise<UsedUpBudget> => {
    const days = usedUpPeriods(budget, costs, dayOf(asOf, timeZone))
      .map((period) => ({ ...period, at: startOfDay(period.day, timeZone) }))
      .filter(({ day, at }) => isShown(at, endOfDay(day, timeZone)));
    if (!byHour) return { budget, periods: days };
    const hours = await Promise.all(days.map((period) => toTheHour(reader, query, period, costs, timeZone)));
    return { budget, periods: hours.filter(({ at, end }) => isShown(at, end)) };
  };
  return (await Promise.all(budgets.map(usedUp))).filter(({ periods }) => periods.length > 0);
}

async function toTheHour(
  reader: UsageReader,
  query: UsageQuery,
  period: UsedUp & { at: Instant },
  costs: DailyCosts,
  timeZone: string,
) {
  const { first, day, amount, at } = period;
  const window = { from: at, to: earliest(endOfDay(day, timeZone), query.asOf) };
  const { value } = await reader.stats(queryWithin(query, window), 'hour');
  const hours = value.buckets.map(({ bucket, cost }) => [Number(bucket), cost] as const);
  const hour = reachedSince(hours, minus(amount, costWithin(costs, { first, next: day })));
  return hour === null
    ? { ...period, end: window.to }
    : { ...period, at: startOfHourNumber(hour), end: startOfHourNumber(hour + 1) };
}

/** What the chart is marked with, or why it is not. */
export type Marked = { notes: ChartNote[]; failed: string | null };

/** The same as the chart marks it and its legend says it. */
export const usedUpNotes = (used: UsedUpBudget[], format: Format): ChartNote[] =>
  used.map(({ budget: { id, name, per }, periods }) => {
    const last = periods.at(-1)?.day;
    return {
      ...{ label: `Budget ${name}`, href: `/budgets/${id}` },
      text:
        (periods.length === 1 ? 'used up on ' : `used up ${format.integer(periods.length)} times, last on `) +
        (last === undefined ? '' : format.longDay(last)),
      marks: periods.map(({ at, day, amount }) => ({
        at,
        text: `Budget ${name}, ${format.euros(amount)} ${PER_WORDS[per]}, used up on ${format.longDay(day)}`,
      })),
    };
  });
