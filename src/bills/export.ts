import type { Databases } from '../db/connect.ts';
import type { ExportPage } from '../downloads/export-page.ts';
import { counting } from '../export/open.ts';
import { BILLS_PATH } from '../query/paths.ts';
import type { UsageReader } from '../stats/reader.ts';
import type { Format } from '../units/format.ts';
import { billsTable } from './bills-table.ts';
import { readBills } from './read-bills.ts';

type Sources = { databases: Pick<Databases, 'backoffice'>; reader: UsageReader; format: Format };

/** What was recorded and billed, by month and provider. */
export const BILLS_EXPORT: ExportPage<Sources> = {
  path: BILLS_PATH,
  parameters: [],
  unused: [],
  tables: ['bills'],
  heeds: () => [],
  asked: (_name, _parameters, { databases, reader, format }, at) => ({
    address: BILLS_PATH,
    details: ({ rows }) =>
      `Recorded and billed; ${format.minute(at)}; ${format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    open: async () => {
      const { timeZone } = format;
      const all = await readBills({ backoffice: databases.backoffice, reader, timeZone }, at);
      const { title, columns, rows } = billsTable(all, format);
      const manifest = {
        ...{ title, filters: 'All providers', from: null, to: at, timeZone, asOf: at, rows: all.length, cost: null },
      };
      return {
        ...counting({ manifest, tables: [{ name: 'bills', title, columns, batches: [rows()] }] }),
        close: async () => {},
      };
    },
  }),
};
