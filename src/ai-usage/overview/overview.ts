import { NO_NAMES } from '../../catalog/names.ts';
import type { UsageQuery, ViewLinks } from '../../query/query.ts';
import type { Stack } from '../../query/view.ts';
import type { BucketSize, UsageStats } from '../../stats/stats.ts';
import { tiesOut } from '../../stats/tie-out.ts';
import type { Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { breakdownOf } from '../breakdowns/breakdowns.ts';
import type { Compared } from '../breakdowns/compare.ts';
import { type UsageOverTime, usageOverTime } from '../chart/usage-over-time.ts';
import { type Tile, tilesOf } from '../frame/tiles.ts';

/** The numbers of a window, ready to print. */
export type Overview = {
  tiles: Tile[];
  models: Table;
  actions: Table;
  usage: UsageOverTime;
  empty: boolean;
  tiesOut: boolean;
};

export type OverviewOptions = {
  links: ViewLinks;
  query: UsageQuery;
  size: BucketSize;
  by: Stack;
  /** What else the bars can be made of. */
  stacks: readonly Stack[];
  format: Format;
};

const TILES = ['cost', 'requests', 'inputTokens', 'outputTokens', 'perRequest', 'stories', 'perStory'] as const;

export function overviewOf(stats: UsageStats, compared: Compared | null, options: OverviewOptions): Overview {
  const { query, format } = options;
  const models = stats.models.map(({ model }) => model);
  const table = (by: 'model' | 'action') =>
    breakdownTable(breakdownOf(by, stats, compared?.stats ?? null, query), {
      ...options,
      models,
      names: NO_NAMES,
    }).page(format);
  return {
    tiles: tilesOf(TILES, stats.total, compared?.stats.total ?? null, format),
    models: table('model'),
    actions: table('action'),
    usage: usageOverTime(stats, compared, options),
    empty: stats.total.requests === 0,
    tiesOut: tiesOut(stats),
  };
}
