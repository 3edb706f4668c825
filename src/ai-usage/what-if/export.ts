import { WHAT_IF_PATH } from '../../query/paths.ts';
import {
  OF_WHAT_IF,
  ofRecorded,
  PAGE_PARAMETERS,
  parseUsageQuery,
  usageUrl,
  WHICH_RECORDS,
} from '../../query/query.ts';
import { whatIf } from '../../stats/pricing/what-if.ts';
import { dayOf } from '../../units/time.ts';
import { usageCost } from '../exports/number-tables.ts';
import { pinnedAt, usageExport } from '../exports/usage-export.ts';
import { assumedText, candidatesTable } from './what-if-table.ts';

export const WHAT_IF_EXPORT = usageExport({
  path: WHAT_IF_PATH,
  parameters: PAGE_PARAMETERS,
  asked: (_name, parameters, limits, at) => {
    const query = pinnedAt(ofRecorded(parseUsageQuery(parameters, limits, at)));
    return { query, address: usageUrl(WHAT_IF_PATH, query), title: `What if${assumedText(query)}` };
  },
  tables: {
    candidates: {
      heeds: [...WHICH_RECORDS, ...OF_WHAT_IF],
      read: async ({ reader, query, format }) => {
        const [{ value }, prices] = await Promise.all([reader.repriced(query, 'day'), reader.prices()]);
        return candidatesTable(whatIf(value, prices, dayOf(query.asOf, format.timeZone), query.cached), query, false);
      },
    },
  },
  cost: usageCost,
});
