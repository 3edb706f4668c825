import type { Databases } from '../../db/connect.ts';
import type { ExportPage } from '../../downloads/export-page.ts';
import { counting } from '../../export/open.ts';
import type { Format } from '../../units/format.ts';
import { RATES_PATH } from './import-rates.ts';
import { ratesTable } from './rates-page.ts';
import { readRates } from './store.ts';

type Sources = { databases: Pick<Databases, 'backoffice'>; format: Format };

/** Every exchange rate; the file is read back by the import. */
export const RATES_EXPORT: ExportPage<Sources> = {
  path: RATES_PATH,
  parameters: [],
  unused: [],
  tables: ['rates'],
  heeds: () => [],
  asked: (_name, _parameters, { databases, format }, at) => ({
    address: RATES_PATH,
    details: ({ rows }) =>
      `All exchange rates; ${format.minute(at)}; ${format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    open: async () => {
      const { title, columns, rows } = ratesTable(await readRates(databases.backoffice));
      const batch = rows();
      const manifest = {
        ...{ title, filters: 'US dollars a euro', from: null, to: at, timeZone: format.timeZone, asOf: at },
        ...{ rows: batch.length, cost: null },
      };
      const tables = [{ name: 'rates', title, columns, batches: [batch] }];
      return { ...counting({ manifest, tables }), close: async () => {} };
    },
  }),
};
