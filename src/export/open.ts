import type { CsvLines, CsvWriters, ExportFile } from './table.ts';

/** A file that is ready to be written; `sent` counts the rows that its writer has taken. Whoever opens it closes it. */
export type OpenExport = { file: ExportFile; sent: () => number; close: () => Promise<void> };

/** The file, and how many of its rows have been taken. */
export function counting(file: ExportFile): Pick<OpenExport, 'file' | 'sent'> {
  let sent = 0;
  const count = async function* (batches: ExportFile['tables'][number]['batches']) {
    for await (const rows of batches) {
      yield rows;
      sent += rows.length;
    }
  };
  const countLines = async function* (lines: AsyncIterable<CsvLines>) {
    for await (const some of lines) {
      yield some;
      sent += some.rows;
    }
  };
  const tables = file.tables.map(({ csvLines, ...table }) => ({
    ...{ ...table, batches: count(table.batches) },
    ...(csvLines && { csvLines: (write: CsvWriters) => countLines(csvLines(write)) }),
  }));
  return { file: { ...file, tables }, sent: () => sent };
}
