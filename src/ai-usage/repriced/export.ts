import { PAGE_PARAMETERS, parseUsageQuery, usageUrl, WHICH_RECORDS } from '../../query/query.ts';
import { NOWHERE, usageCost } from '../exports/number-tables.ts';
import { pinnedAt, type UsageTable, usageExport } from '../exports/usage-export.ts';
import { focusTable } from './focus.ts';
import { repricedTable, TABLES } from './repriced-tables.ts';

export const REPRICED_PATH = '/ai-usage/repriced';

const table = (by: keyof typeof TABLES): UsageTable => ({
  heeds: WHICH_RECORDS,
  read: async ({ reader, query }) => repricedTable((await reader.repriced(query, 'day')).value, TABLES[by], NOWHERE),
});

export const REPRICED_EXPORT = usageExport({
  path: REPRICED_PATH,
  parameters: PAGE_PARAMETERS,
  asked: (_name, parameters, limits, at) => {
    const query = pinnedAt(parseUsageQuery(parameters, limits, at));
    return { query, address: usageUrl(REPRICED_PATH, query), title: 'Recorded and by the price list' };
  },
  tables: {
    models: table('models'),
    actions: table('actions'),
    days: table('days'),
    months: table('months'),
    focus: {
      heeds: [...WHICH_RECORDS, 'cost'],
      read: async ({ reader, query, format }) =>
        focusTable((await reader.repriced(query, 'day')).value, query.cost, format.timeZone),
    },
  },
  cost: usageCost,
});
