import { NO_NAMES } from '../../catalog/names.ts';
import type { UsageQuery, ViewLinks } from '../../query/query.ts';
import type { Stack } from '../../query/view.ts';
import type { DailyCosts } from '../../stats/forecast.ts';
import type { BucketSize } from '../../stats/stats.ts';
import { tiesOut } from '../../stats/tie-out.ts';
import type { Table } from '../../tables/table.ts';
import { type Tile, tilesOf } from '../../tables/tiles.ts';
import type { Format } from '../../units/format.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { breakdownOf } from '../breakdowns/breakdowns.ts';
import type { Counted } from '../breakdowns/compare.ts';
import { coursesOf } from '../breakdowns/courses.ts';
import { type ChartNote, type UsageOverTime, usageOverTime } from '../chart/usage-over-time.ts';
import { listUrl } from './lists.ts';

/** The numbers of a window, ready to print. */
export type Numbers = {
  tiles: Tile[];
  /** The total cost to the micro-euro. */
  exact: string;
  usage: UsageOverTime;
  empty: boolean;
  tiesOut: boolean;
};

export type NumbersOptions = {
  links: ViewLinks;
  query: UsageQuery;
  size: BucketSize;
  by: Stack;
  /** What else the bars can be made of. */
  stacks: readonly Stack[];
  /** What the bars are marked with. */
  notes: readonly ChartNote[];
  /** What the days before the window cost. */
  daysBefore: DailyCosts;
  format: Format;
};

const TILES = ['cost', 'requests', 'inputTokens', 'outputTokens', 'perRequest', 'stories', 'perStory'] as const;

export function numbersOf({ stats, compared }: Counted, options: NumbersOptions): Numbers {
  return {
    tiles: tilesOf(TILES, stats.total, compared?.stats.total ?? null, options.format),
    exact: options.format.exactEuros(stats.total.cost),
    usage: usageOverTime(stats, compared, options),
    empty: stats.total.requests === 0,
    tiesOut: tiesOut(stats),
  };
}

/** The same numbers by model or action. */
export function numbersBy(
  by: 'model' | 'action',
  { stats, compared }: Counted,
  { links, query, format }: Pick<NumbersOptions, 'links' | 'query' | 'format'>,
): Table {
  const models = stats.models.map(({ model }) => model);
  const breakdown = breakdownOf(by, stats, compared?.stats ?? null, query);
  const courses = coursesOf(by, { stats, dayCosts: null }, query, format);
  const rest = listUrl(by, query);
  return breakdownTable(breakdown, { links, query, models, names: NO_NAMES, courses, rest, few: true, format }).page(
    format,
  );
}
