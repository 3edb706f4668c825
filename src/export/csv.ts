import { hasWord, isLarge, type LargeJson, type NamedAmounts, type Value, type ValueKind } from '../tables/values.ts';
import { eurosText, type MicroEuros } from '../units/money.ts';
import { remembered } from '../units/remembered.ts';
import type { Instant } from '../units/time.ts';
import { isoTimes, localTimes } from './local-time.ts';
import { manifestJson } from './manifest.ts';
import { neutral, neutralJson, neutralJsonPieces, type Separator } from './neutral.ts';
import { partsJson } from './parts.ts';
import { plainNumber } from './plain-number.ts';
import type { ExportColumn, ExportFile, ExportTable } from './table.ts';

/** RFC 4180, or what Excel in Portugal opens at a double click: a BOM, semicolons, decimal commas, business time. */
export const DIALECTS = ['rfc4180', 'excel-pt'] as const;
type Dialect = (typeof DIALECTS)[number];

export type CsvOptions = { dialect: Dialect; manifest: boolean };

type Field = (value: Exclude<Value, LargeJson>) => string;

const LINE_END = '\r\n';

/** In quotes where a list separator of any dialect is in it, and where it is text without characters: nothing at all is no value. */
const quoted = (text: string) => (text === '' || /[",;\t|\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The list separator that a dialect has not. */
const OTHER: Record<Dialect, Separator> = { rfc4180: ';', 'excel-pt': ',' };

/** A cell whose text comes in pieces, always in quotes. */
async function* largeField({ pieces }: LargeJson, other: Separator): AsyncGenerator<string> {
  yield '"';
  for await (const piece of neutralJsonPieces(pieces(), other)) yield piece.replaceAll('"', '""');
  yield '"';
}

/** How each kind of column is written; numbers need no quotes in either dialect. */
function fields(dialect: Dialect, timeZone: string): Record<ValueKind, Field> {
  const excel = dialect === 'excel-pt';
  const other = OTHER[dialect];
  const decimal = (text: string) => (excel ? text.replace('.', ',') : text);
  const local = localTimes(timeZone);
  const iso = isoTimes();
  const text = remembered((value: string) => quoted(neutral(value, other)));
  return {
    text: (value) => text(String(value)),
    json: (value) => quoted(neutralJson(String(value), other)),
    parts: (value) => quoted(neutralJson(partsJson(value as NamedAmounts), other)),
    uuid: String,
    integer: String,
    boolean: String,
    // Years of other than four digits have a sign.
    day: (value) => quoted(neutral(String(value), other)),
    month: (value) => quoted(neutral(String(value), other)),
    seconds: String,
    ratio: (value) => decimal(plainNumber(Number(value))),
    decimal: (value) => decimal(plainNumber(Number(value))),
    euros: (value) => decimal(eurosText(value as MicroEuros)),
    instant: (value) => (excel ? local.text(value as Instant) : iso(value as Instant)),
  };
}

function heading({ label, kind }: ExportColumn, dialect: Dialect, timeZone: string): string {
  if (kind === 'euros' && !label.includes('€')) return `${label} (€)`;
  return kind === 'instant' ? `${label} (${dialect === 'excel-pt' ? timeZone : 'UTC'})` : label;
}

/** Several tables as one: every column of any of them, and in front the name of the table that a row is of. */
function columnsOfAll(tables: ExportTable[]): ExportColumn[] {
  const all = new Map<string, ExportColumn>();
  for (const { columns } of tables) for (const column of columns) all.set(`${column.name} ${column.kind}`, column);
  return [...all.values()];
}

/** Lines end in CR LF; a file of several tables says in its first column which one a row is of. */
export async function* csv({ manifest, tables }: ExportFile, options: CsvOptions): AsyncGenerator<string> {
  const { dialect } = options;
  const separator = dialect === 'excel-pt' ? ';' : ',';
  const field = fields(dialect, manifest.timeZone);
  const columns = columnsOfAll(tables);
  const several = tables.length > 1;
  const head = [...(several ? ['Table'] : []), ...columns.map((column) => heading(column, dialect, manifest.timeZone))];
  yield (dialect === 'excel-pt' ? '\ufeff' : '') + head.map((label) => field.text(label)).join(separator) + LINE_END;

  for (const table of tables) {
    const first = several ? field.text(table.title) + separator : '';
    const places = columns.map(({ name, kind }) =>
      table.columns.findIndex((column) => column.name === name && column.kind === kind),
    );
    const kinds = columns.map(({ kind }) => kind);
    const write = kinds.map((kind) => field[kind]);
    if (!several && table.csvLines) {
      for await (const { text } of table.csvLines({ ...field, dialect, separator, lineEnd: LINE_END })) yield text;
      continue;
    }
    for await (const rows of table.batches) {
      let text = '';
      for (const row of rows) {
        text += first;
        for (let i = 0; i < places.length; i++) {
          const value = row[places[i] as number];
          if (i > 0) text += separator;
          if (isLarge(value)) {
            yield text;
            text = '';
            yield* largeField(value, OTHER[dialect]);
          } else if (value !== undefined && value !== null) {
            text += hasWord(kinds[i] as ValueKind, value) ? quoted(value) : (write[i] as Field)(value);
          }
        }
        text += LINE_END;
      }
      yield text;
    }
  }
  // One field, whatever the filters hold. It begins with "#", and within it no cell of anybody's begins as a formula.
  if (options.manifest) yield field.json(`# ${manifestJson(manifest)}`) + LINE_END;
}
