import { readNames } from '../../catalog/names.ts';
import type { Extension } from '../../export/formats.ts';
import { counting, type OpenExport } from '../../export/open.ts';
import type { ExportOptions } from '../../export/options.ts';
import type { Manifest } from '../../export/table.ts';
import { namedIn } from '../../query/filters/registry.ts';
import { openRecordStream } from '../../stats/records/record-stream.ts';
import type { Format } from '../../units/format.ts';
import type { MicroEuros } from '../../units/money.ts';
import { ahead } from '../../units/promises/ahead.ts';
import { filterSentence, windowText } from '../frame/filter-bar.ts';
import { recordExportColumns, recordRows } from '../records/record-export.ts';
import type { Asked, ExportPage, View } from './exports.ts';

/** The tables of a page, each read as the page reads it. */
export async function openPageExport(
  page: ExportPage,
  asked: Asked,
  view: View,
  { tables }: ExportOptions,
): Promise<OpenExport> {
  const read = await Promise.all(
    Object.entries(page.tables)
      .filter(([name]) => tables.includes(name))
      .map(async ([name, { read }]) => {
        const { title, columns, rows } = await read(view);
        return { name, title, columns, rows: rows() };
      }),
  );
  const rows = read.reduce((sum, table) => sum + table.rows.length, 0);
  const manifest = await manifestOf(asked, view, { rows, cost: await page.cost(view) });
  const found = read.map(({ rows, ...table }) => ({ ...table, batches: [rows] }));
  return { ...counting({ manifest, tables: found }), close: async () => {} };
}

/** The records of a query. */
export async function openRecordExport(
  asked: Asked,
  { reader, databases, query, format }: View,
  { withPrompts }: ExportOptions,
  gone: AbortSignal,
): Promise<OpenExport> {
  const { source, filter } = await reader.prepare(query);
  const order = { sortBy: query.sortBy, descending: query.sortOrder === 'desc' };
  const wanted = { source, filter, order, window: query.window, withPrompts };
  const stream = await openRecordStream(databases, wanted, gone);
  if (!stream.asShown) reader.mend([query.window]);
  try {
    const manifest = await manifestOf(asked, { reader, databases, query, format }, stream.total);
    const batches = ahead(recordRows(databases, stream.batches, withPrompts));
    const tables = [{ name: 'records', title: 'Records', columns: recordExportColumns(withPrompts), batches }];
    return { ...counting({ manifest, tables }), close: stream.close };
  } catch (error) {
    await stream.close();
    throw error;
  }
}

/** How the audit log names an export: the page's address at its instant with the extension, and the same as a sentence. */
export function auditEntryOf(
  { address, query }: Asked,
  extension: Extension,
  { filters, rows, cost }: Manifest,
  format: Format,
): { subject: string; details: string } {
  const count = `${format.integer(rows)} ${rows === 1 ? 'row' : 'rows'}, ${format.exactEuros(cost ?? 0)}`;
  return {
    subject: address.replace(/(?=\?|$)/, `.${extension}`),
    details: `${filters}; ${windowText(query, format)}; ${count}`,
  };
}

async function manifestOf(
  { title }: Asked,
  { databases, query, format }: View,
  { rows, cost }: { rows: number; cost: MicroEuros },
): Promise<Manifest> {
  const { window, asOf } = query;
  const names = await readNames(databases, namedIn(query));
  const filters = filterSentence(query, names, format);
  return { title, filters, from: window.from, to: window.to, timeZone: format.timeZone, asOf, rows, cost };
}
