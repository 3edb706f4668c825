import type { Databases } from '../../db/connect.ts';
import type { ExportPage } from '../../downloads/export-page.ts';
import { counting } from '../../export/open.ts';
import { BILLS_PATH, billPath } from '../../query/paths.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Format } from '../../units/format.ts';
import { dayOf } from '../../units/time.ts';
import { askedMonth, BILLING } from '../terms.ts';
import { FILE_TABLES, tablesOf } from './ladder-tables.ts';
import { readBill } from './read-ladder.ts';

type Sources = { databases: Pick<Databases, 'backoffice'>; reader: UsageReader; format: Format };

/** The ladder of a bill, the same by model and by day, and its lines. */
export const LADDER_EXPORT: ExportPage<Sources> = {
  path: `${BILLS_PATH}/:name`,
  parameters: ['month'],
  unused: [],
  tables: FILE_TABLES,
  heeds: () => ['month'],
  asked: (provider, parameters, { databases, reader, format }, at) => {
    if (!BILLING.includes(provider)) return null;
    const { timeZone } = format;
    const month = askedMonth(parameters, dayOf(at, timeZone));
    const title = `Bill of ${provider}, ${month}`;
    return {
      address: billPath(provider, month),
      details: ({ rows }) => `${title}; ${format.minute(at)}; ${format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}`,
      open: async ({ tables: wanted }) => {
        const sources = { backoffice: databases.backoffice, reader, timeZone };
        const bill = await readBill(sources, { provider, month }, at);
        const all = tablesOf(bill, format);
        const tables = FILE_TABLES.filter((name) => wanted.includes(name)).map((name) => {
          const { title, columns, rows } = all[name];
          return { name, title, columns, batches: [rows()] };
        });
        const rows = tables.reduce((sum, { batches }) => sum + (batches[0]?.length ?? 0), 0);
        const manifest = {
          ...{ title, filters: `Calls of models of ${provider} and its bill`, from: bill.query.window.from },
          ...{ to: bill.query.window.to, timeZone, asOf: at, rows, cost: null },
        };
        return { ...counting({ manifest, tables }), close: async () => {} };
      },
    };
  },
};
