import { type Names, NO_NAMES, readNames } from '../../catalog/names.ts';
import type { Databases } from '../../db/connect.ts';
import { queryWithin, type UsageQuery, type ViewLinks } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { BucketSize } from '../../stats/stats.ts';
import type { TopBy } from '../../stats/stories/story-sums.ts';
import type { Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { handled } from '../../units/promises/handled.ts';
import type { Instant } from '../../units/time.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { type Breakdown, breakdownOf, breakdownOfTop, MOST_ROWS } from '../breakdowns/breakdowns.ts';
import { type Compared, type Counted, comparedWindow, reachOf } from '../breakdowns/compare.ts';
import { heatMap } from './heat-map.ts';
import { type MonthCard, monthCard, monthCardWindow } from './month-card.ts';

type Sources = { databases: Databases; reader: UsageReader };

/** Null when nothing is compared, or there is nothing to compare with. */
export async function readCompared(
  reader: UsageReader,
  query: UsageQuery,
  size: BucketSize,
  timeZone: string,
): Promise<Compared | null> {
  const window = comparedWindow(query, query.compare, timeZone);
  if (window === null || reachOf(window, await reader.earliest()) === 'none') return null;
  const { value } = await reader.stats(queryWithin(query, window), size);
  return { window, stats: value };
}

/** The month that an instant lies in. */
export async function readMonthCard(
  reader: UsageReader,
  query: UsageQuery,
  asOf: Instant,
  format: Format,
): Promise<MonthCard> {
  const { value } = await reader.dailyCosts(queryWithin(query, monthCardWindow(asOf, format.timeZone)));
  return monthCard(value, asOf, format);
}

/** The breakdown that a view asks for besides models and actions. */
export async function readBeside(
  { databases, reader }: Sources,
  query: UsageQuery,
  counted: Promise<Counted>,
  { links, format }: { links: ViewLinks; format: Format },
): Promise<{ table: Table; namesAvailable: boolean }> {
  const { breakdown: by } = query;
  if (by === 'hour') {
    const { value: week } = await reader.week(query);
    return { table: heatMap(week, format).page(format), namesAvailable: true };
  }
  const topping = by === 'provider' ? null : handled(readTopBreakdown({ databases, reader }, query, by, counted));
  const [{ stats, compared }, top] = await Promise.all([counted, topping]);
  const breakdown = top?.breakdown ?? breakdownOf('provider', stats, compared?.stats ?? null, query);
  const names = top?.names ?? NO_NAMES;
  const models = stats.models.map(({ model }) => model);
  return {
    table: breakdownTable(breakdown, { links, query, names, models, format }).page(format),
    namesAvailable: names.available,
  };
}

/** The first authors or stories, with their names and what they were before. */
export async function readTopBreakdown(
  { databases, reader }: Sources,
  query: UsageQuery,
  by: TopBy,
  counted: Promise<Counted>,
): Promise<{ breakdown: Breakdown; names: Names }> {
  const [{ value: top }, { compared }] = await Promise.all([reader.top(query, by, MOST_ROWS), counted]);
  const keys = top.rows.map(({ key }) => key);
  const earlier = compared === null ? null : queryWithin(query, compared.window);
  const [names, before] = await Promise.all([
    readNames(databases, { authors: by === 'author' ? keys : [], stories: by === 'story' ? keys : [] }),
    earlier === null ? null : reader.sumsOf(earlier, by, keys),
  ]);
  const then = compared === null || before === null ? null : { rows: before.value, total: compared.stats.total };
  return { breakdown: breakdownOfTop(by, top, then), names };
}
