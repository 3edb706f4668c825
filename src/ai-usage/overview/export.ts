import { OVERVIEW_PATH } from '../../query/paths.ts';
import { PAGE_PARAMETERS, parseUsageQuery, usageUrl } from '../../query/query.ts';
import { usageCost } from '../exports/number-tables.ts';
import { pinnedAt, usageExport } from '../exports/usage-export.ts';
import { PANELS } from './panels.ts';

/** Whoever reads these files knows their order, whatever is moved on the page; what is new comes last. */
const ORDER = ['usage', 'parts', 'models', 'actions', 'breakdown', 'causes', 'forecasts'];
const placeOf = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

const tables = Object.fromEntries(
  PANELS.flatMap(({ tables }) => Object.entries(tables)).sort(([a], [b]) => placeOf(a) - placeOf(b)),
);

export const OVERVIEW_EXPORT = usageExport({
  path: OVERVIEW_PATH,
  parameters: PAGE_PARAMETERS,
  asked: (_name, parameters, limits, at) => {
    const query = pinnedAt(parseUsageQuery(parameters, limits, at));
    return { query, address: usageUrl(OVERVIEW_PATH, query), title: 'AI usage' };
  },
  tables,
  cost: usageCost,
});
