import { CsvError, type Info, parse } from 'csv-parse/sync';
import { BadInput, type ParameterProblem } from '../failures/bad-input.ts';

/** A line of a CSV and its number in the file. */
export type CsvLine = { record: string[]; info: Pick<Info, 'lines'> };
export type Delimiter = ',' | ';';

/** As spreadsheets take it for a formula; one that is meant as text has an apostrophe in front, as in our own files. */
const FORMULA = /^[=+\-@＝＋－＠\t\r\n]/;
const NEUTRAL = /^'(?='*[=+\-@＝＋－＠\t\r\n])/;

/** What the first line of a CSV separates its cells with. */
export const delimiterOf = (text: string): Delimiter => (/^.*/.exec(text)?.[0].includes(';') ? ';' : ',');

/** Every line with its number, the first one among them. @throws BadInput for what is no CSV, or more than `most` lines behind the first */
export function csvLines(text: string, most: number, delimiter: Delimiter): CsvLine[] {
  const options = {
    ...{ delimiter, bom: true, info: true, skip_empty_lines: true },
    relax_column_count: true,
  };
  try {
    // One more than there may be, and the headings.
    const lines = parse(text, { ...options, to: most + 2 }) as unknown as CsvLine[];
    if (lines.length > most + 1)
      throw new BadInput([{ parameter: 'The file', message: `has more than ${most} lines` }]);
    return lines;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new BadInput([{ parameter: 'The file', message: `is no CSV: ${error.message}` }]);
  }
}

/** What is wrong at a place of a file. */
export const atLine = (line: number, what: string, message: string): ParameterProblem => ({
  parameter: what === '' ? `Line ${line}` : `Line ${line}, ${what}`,
  message,
});

/** A text of a CSV as it was meant; null for a formula. */
export const csvText = (cell: string): string | null => (FORMULA.test(cell) ? null : cell.replace(NEUTRAL, ''));

/** A number of a CSV as it was meant: spreadsheets write commas in decimals where lists have semicolons. */
export function csvNumber(cell: string, delimiter: Delimiter): { text: string } | { problem: string } {
  if (/^[=＝@＠]/.test(cell)) return { problem: 'is a formula, and takes a number' };
  if (delimiter === ',') return { text: cell };
  if (cell.includes('.')) return { problem: 'has a point: where semicolons are between cells, decimals have a comma' };
  return { text: cell.replace(/^(-?\d+),(\d+)$/, '$1.$2') };
}
