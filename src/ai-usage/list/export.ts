import { NO_NAMES } from '../../catalog/names.ts';
import { PAGE_PARAMETERS, parseUsageQuery, usageUrl, WHICH_RECORDS } from '../../query/query.ts';
import type { DataTable } from '../../tables/table.ts';
import { handled } from '../../units/promises/handled.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { BREAKDOWNS, breakdownOf } from '../breakdowns/breakdowns.ts';
import { readCounted } from '../breakdowns/counted.ts';
import { readTopBreakdown } from '../breakdowns/top-breakdown.ts';
import { NOWHERE, RANK, usageCost } from '../exports/number-tables.ts';
import { pinnedAt, usageExport } from '../exports/usage-export.ts';
import { LIST_PATHS, type Listed } from '../frame/lists.ts';
import type { UsageView } from '../frame/sources.ts';

/** Authors and stories are a hundred thousand: so many are named at most, all others are one row. */
const MOST_IN_FILE = 5_000;

async function readList(by: Listed, view: UsageView): Promise<DataTable> {
  const { query, format } = view;
  const counted = handled(readCounted(view));
  const read = async () => {
    if (by === 'author' || by === 'story')
      return readTopBreakdown(view, query, by, counted, { most: MOST_IN_FILE, isPage: false });
    const { stats, compared } = await counted;
    const most = Number.MAX_SAFE_INTEGER;
    return { breakdown: breakdownOf(by, stats, compared?.stats ?? null, query, { most }), names: NO_NAMES };
  };
  const [{ breakdown, names }] = await Promise.all([read(), counted]);
  return breakdownTable(breakdown, { links: NOWHERE, query, names, models: [], courses: null, rest: null, format });
}

const listExport = (by: Listed, table: string) =>
  usageExport({
    path: LIST_PATHS[by],
    parameters: PAGE_PARAMETERS,
    asked: (_name, parameters, limits, at) => {
      const query = pinnedAt(parseUsageQuery(parameters, limits, at));
      return { query, address: usageUrl(LIST_PATHS[by], query), title: BREAKDOWNS[by].title };
    },
    tables: {
      [table]: {
        heeds: [...WHICH_RECORDS, 'compare', 'cost', ...RANK],
        read: (view) => readList(by, view),
      },
    },
    cost: usageCost,
  });

/** All of a list, whatever page of it is looked at. */
export const LIST_EXPORTS = {
  model: listExport('model', 'models'),
  action: listExport('action', 'actions'),
  provider: listExport('provider', 'providers'),
  author: listExport('author', 'authors'),
  story: listExport('story', 'stories'),
} satisfies Record<Listed, unknown>;
