import type { Databases } from '../db/connect.ts';
import type { ExportPage } from '../downloads/export-page.ts';
import { counting, type OpenExport } from '../export/open.ts';
import type { Format } from '../units/format.ts';
import type { Instant } from '../units/time.ts';
import { pricesTable } from './price-tables.ts';
import { readPrices } from './store.ts';
import { PRICES_PATH } from './terms.ts';

type Sources = { databases: Pick<Databases, 'backoffice'>; format: Format };

/** Every price there ever was; the file is read back by the import. */
export const PRICES_EXPORT: ExportPage<Sources> = {
  path: PRICES_PATH,
  parameters: [],
  unused: [],
  tables: ['prices'],
  heeds: () => [],
  asked: (_name, _parameters, sources, at) => ({
    address: PRICES_PATH,
    details: ({ rows }) =>
      `All prices; ${sources.format.minute(at)}; ${sources.format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    open: () => openPrices(sources, at),
  }),
};

async function openPrices({ databases, format }: Sources, at: Instant): Promise<OpenExport> {
  const prices = await readPrices(databases.backoffice, { withdrawn: true });
  const { title, columns, rows } = pricesTable(prices, format);
  const manifest = {
    ...{ title, filters: 'All prices, those that were withdrawn too', from: null, to: at, timeZone: format.timeZone },
    ...{ asOf: at, rows: prices.length, cost: null },
  };
  return {
    ...counting({ manifest, tables: [{ name: 'prices', title, columns, batches: [rows()] }] }),
    close: async () => {},
  };
}
