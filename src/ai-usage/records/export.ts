import type { ExportPage } from '../../downloads/export-page.ts';
import { counting } from '../../export/open.ts';
import { RECORDS_PATH } from '../../query/paths.ts';
import { ofRecorded, PAGE_PARAMETERS, PAGING, parseUsageQuery, usageUrl, WHICH_RECORDS } from '../../query/query.ts';
import { MOST_CALLS_PRICED } from '../../stats/pricing/priced-calls.ts';
import { costOfRecord } from '../../stats/pricing/repriced.ts';
import { openRecordStream } from '../../stats/records/record-stream.ts';
import { ahead } from '../../units/promises/ahead.ts';
import { auditDetails, pinnedAt, usageManifest } from '../exports/usage-export.ts';
import { pageLimits, type UsageSources } from '../frame/sources.ts';
import { repricedColumn } from './record-columns.ts';
import { recordExportColumns, recordRows } from './record-export.ts';
import { recordLines } from './record-lines.ts';

/** What a file says of itself where its records are in order of cost. */
const PRICED_ORDER = 'costs by the price list';
const RECORDED_ORDER = `recorded costs: there are more than ${MOST_CALLS_PRICED} records`;

/** Every record that the list would show, page by page, in its order. */
export const RECORDS_EXPORT: ExportPage<UsageSources> = {
  path: RECORDS_PATH,
  parameters: PAGE_PARAMETERS,
  unused: PAGING,
  tables: null,
  heeds: () => [...WHICH_RECORDS, 'sortBy', 'sortOrder', 'cost'],
  asked: (_name, parameters, { reader, databases, format }, at) => {
    const query = pinnedAt(parseUsageQuery(parameters, pageLimits(format), at));
    const asked = { query, address: usageUrl(RECORDS_PATH, query), title: 'Records' };
    return {
      address: asked.address,
      details: (manifest) => auditDetails(asked, manifest, format),
      open: async ({ withPrompts }, gone) => {
        const [{ source, filter }, prices] = await Promise.all([
          reader.prepare(query),
          query.cost === 'repriced' ? reader.prices() : null,
        ]);
        const besides =
          prices === null ? [] : [repricedColumn((record) => costOfRecord(record, prices, format.timeZone))];
        const order = { sortBy: query.sortBy, descending: query.sortOrder === 'desc' };
        const wanted = { source, filter, order, window: query.window, list: prices };
        const stream = await openRecordStream(databases, wanted, gone);
        if (!stream.asShown) reader.mend([query.window]);
        try {
          const isByCost = prices !== null && query.sortBy === 'estimatedCostInEuros';
          const manifest = await usageManifest(
            asked,
            { databases, query: ofRecorded(query), format },
            { ...stream.total, order: isByCost ? (stream.isByPrice ? PRICED_ORDER : RECORDED_ORDER) : undefined },
          );
          const batches = ahead(recordRows(databases, stream, withPrompts, besides));
          const lines = withPrompts ? {} : { csvLines: recordLines(databases, stream, besides) };
          const columns = recordExportColumns(withPrompts, besides);
          const tables = [{ name: 'records', title: 'Records', columns, batches, ...lines }];
          return { ...counting({ manifest, tables }), close: stream.close };
        } catch (error) {
          await stream.close();
          throw error;
        }
      },
    };
  },
};
