import type { UsageQuery } from '../../query/query.ts';
import type { Axis } from '../../query/view.ts';
import type { PivotAsked } from '../../stats/explore/pivot.ts';

export const EXPLORE_PATH = '/ai-usage/explore';

/** As many columns as a table names one by one: of names, and of time, for which a month of days is not too much. */
const MOST_NAMES = 20;
const MOST_TIMES = 31;
const NAMES: readonly Axis[] = ['action', 'model', 'provider'];

/** What a page, or a page of the API, names one by one. */
export const pivotOfPage = ({ rows, columns, measure, page, pageSize }: UsageQuery): PivotAsked => ({
  ...{ rows, columns, measure },
  skipped: (page - 1) * pageSize,
  mostRows: pageSize,
  mostColumns: NAMES.includes(columns) ? MOST_NAMES : MOST_TIMES,
});

/** A file has all. */
export const wholePivot = ({ rows, columns, measure }: UsageQuery): PivotAsked => ({
  ...{ rows, columns, measure, skipped: 0 },
  ...{ mostRows: Number.MAX_SAFE_INTEGER, mostColumns: Number.MAX_SAFE_INTEGER },
});
