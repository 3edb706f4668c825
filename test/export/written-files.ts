import fc from 'fast-check';
import { FORMATS } from '../../src/export/formats.ts';
import type { ExportColumn, ExportFile } from '../../src/export/table.ts';
import type { Value } from '../../src/tables/values.ts';
import { microEuros } from '../../src/units/money.ts';
import { instantAt } from '../../src/units/time.ts';

export const MANIFEST = {
  title: 'Test',
  filters: 'All calls',
  from: null,
  to: instantAt(1_790_000_000_000_000n),
  timeZone: 'Europe/Lisbon',
  asOf: instantAt(1_790_000_000_000_000n),
  rows: 1,
  cost: microEuros(1),
};

export const fileOf = (columns: ExportColumn[], rows: Value[][]): ExportFile => ({
  manifest: { ...MANIFEST, rows: rows.length },
  tables: [{ name: 'things', title: 'Things', columns, batches: [rows] }],
});

export async function written(
  file: ExportFile,
  extension: keyof typeof FORMATS,
  { dialect = 'rfc4180', manifest = false }: { dialect?: 'rfc4180' | 'excel-pt'; manifest?: boolean } = {},
) {
  const chunks: Buffer[] = [];
  for await (const chunk of FORMATS[extension].write(file, { dialect, manifest })) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export const TEXT: ExportColumn[] = [
  { name: 'first', label: 'First', kind: 'text' },
  { name: 'second', label: 'Second', kind: 'text' },
];

/** Characters that a format may treat as special. */
const strange = fc.constantFrom(
  ...'aZ9=+-@\t\r\n\'",;|_x&<>]#\u0001\u0007\u001f\u007f\u0085\u00a0ã\u0301\u200b\u202e\ufeff\ufffe🦄 ',
);
export const text = fc.string({ unit: strange, maxLength: 20 });
export const isFormula = (cell: string) => /^[\t\r\n\0]*[=+\-@＝＋－＠]/.test(cell);
/** What apostrophes we put in front of formulas leave of a text. */
export const withoutApostrophes = (value: string | undefined) => value?.replace(/'+(?=[=+\-@＝＋－＠\t\r\n\0])/g, '');

/** The cells of a CSV as a spreadsheet takes them: a quote means something at the beginning of a cell only. */
export function cellsAsOpened(text: string, separator: string): string[] {
  const cells: string[] = [];
  for (let i = 0; i <= text.length; i++) {
    let cell = '';
    if (text[i] === '"') {
      for (i++; i < text.length && !(text[i] === '"' && text[i + 1] !== '"'); i++) {
        cell += text[i];
        if (text[i] === '"') i++;
      }
      i++;
    }
    for (; i < text.length && text[i] !== separator && text[i] !== '\r' && text[i] !== '\n'; i++) cell += text[i];
    cells.push(cell);
  }
  return cells;
}
