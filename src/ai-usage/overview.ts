import type { Format } from '../units/format.ts';
import { breakdownTable } from './breakdown-table.ts';
import { breakdownOf } from './breakdowns.ts';
import type { Compared } from './compare.ts';
import { NO_NAMES } from './names.ts';
import type { UsageQuery, ViewLinks } from './query.ts';
import type { BucketSize, UsageStats } from './stats.ts';
import type { Table } from './table.ts';
import { tiesOut } from './tie-out.ts';
import { type Tile, tilesOf } from './tiles.ts';
import { type UsageOverTime, usageOverTime } from './usage-over-time.ts';
import type { Stack } from './view.ts';

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

export function overviewOf(stats: UsageStats, compared: Compared | null, options: OverviewOptions): Overview {
  const { query, format } = options;
  const models = stats.models.map(({ model }) => model);
  const table = (by: 'model' | 'action') =>
    breakdownTable(breakdownOf(by, stats, compared?.stats ?? null, query), { ...options, models, names: NO_NAMES });
  return {
    tiles: tilesOf(stats.total, compared?.stats.total ?? null, format),
    models: table('model'),
    actions: table('action'),
    usage: usageOverTime(stats, compared, options),
    empty: stats.total.requests === 0,
    tiesOut: tiesOut(stats),
  };
}
