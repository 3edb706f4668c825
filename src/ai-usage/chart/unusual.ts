import { queryWithin, type UsageQuery } from '../../query/query.ts';
import type { DailyCosts } from '../../stats/forecast.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { WEEKS } from '../../stats/unusual/unusual.ts';
import type { Day } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, minus } from '../../units/money.ts';
import { addDays, dayOf, isOfNoTime, startOfDay } from '../../units/time.ts';
import { bucketSizeOf } from './buckets.ts';

/** More lines than these are no legend. */
const MOST_SAID = 3;

/** The days that a chart marks as unusual, as its legend says them. */
export type UnusualLegend = { days: { label: string; href: string; text: string }[]; more: string | null };

/** What the days before a window cost, or why that is not known. */
export type DaysBefore = { costs: DailyCosts; failed: string | null };

/** What the days before a window and its first one cost, by which a chart of days knows what is usual; none for other charts. */
export async function readDaysBefore(reader: UsageReader, query: UsageQuery, timeZone: string): Promise<DailyCosts> {
  const { window } = query;
  if (window.from === null || isOfNoTime(window) || bucketSizeOf(query) !== 'day') return new Map();
  const first = dayOf(window.from, timeZone);
  const from = startOfDay(addDays(first, -7 * WEEKS), timeZone);
  const { value } = await reader.dailyCosts(queryWithin(query, { from, to: startOfDay(addDays(first, 1), timeZone) }));
  return value;
}

type UnusualDay = { firstDay: Day; label: string; href: string; cost: MicroEuros; usual: MicroEuros };

export const usualText = (usual: MicroEuros, format: Format): string => `usually ${format.roundEuros(usual)}`;

/** Those that are furthest from what is usual, the oldest first. */
export function unusualLegend(days: UnusualDay[], format: Format): UnusualLegend {
  const distance = ({ cost, usual }: UnusualDay) => Math.abs(minus(cost, usual));
  const said = [...days].sort((a, b) => distance(b) - distance(a)).slice(0, MOST_SAID);
  const more = days.length - said.length;
  return {
    days: days
      .filter((day) => said.includes(day))
      .map(({ label, href, cost, usual }) => ({
        ...{ label, href },
        text: `unusual: ${format.roundEuros(cost)}, ${usualText(usual, format)}`,
      })),
    more: more === 0 ? null : `and ${format.integer(more)} more unusual ${more === 1 ? 'day' : 'days'}`,
  };
}
