import { PAGE_PARAMETERS, parseUsageQuery, usageUrl, WHICH_RECORDS } from '../../query/query.ts';
import { UNITS_OF_COST, type UnitOfCost } from '../../stats/stories/unit-costs.ts';
import { NOWHERE, usageCost } from '../exports/number-tables.ts';
import { pinnedAt, type UsageTable, usageExport } from '../exports/usage-export.ts';
import { causesTable, unitTable } from './unit-tables.ts';

export const UNIT_COSTS_PATH = '/ai-usage/unit-costs';

const HEEDS = [...WHICH_RECORDS, 'cost'];

const table = (of: UnitOfCost): UsageTable => ({
  heeds: HEEDS,
  read: async ({ reader, query }) => unitTable((await reader.unitCosts(query)).value, of, NOWHERE),
});

export const UNIT_COSTS_EXPORT = usageExport({
  path: UNIT_COSTS_PATH,
  parameters: PAGE_PARAMETERS,
  asked: (_name, parameters, limits, at) => {
    const query = pinnedAt(parseUsageQuery(parameters, limits, at));
    return { query, address: usageUrl(UNIT_COSTS_PATH, query), title: 'Unit costs' };
  },
  tables: {
    ...(Object.fromEntries(UNITS_OF_COST.map((of) => [of, table(of)])) as Record<UnitOfCost, UsageTable>),
    causes: {
      heeds: HEEDS,
      read: async ({ reader, query, format }) => causesTable((await reader.unitCosts(query)).value.causes, format),
    },
  },
  cost: usageCost,
});
