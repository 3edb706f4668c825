import { hasWord, isLarge, type LargeJson, type NamedAmounts, type Value, type ValueKind } from '../tables/values.ts';
import { eurosText, type MicroEuros } from '../units/money.ts';
import type { Instant } from '../units/time.ts';
import { isoTimes } from './local-time.ts';
import { manifestJson, manifestOf } from './manifest.ts';
import { partsJson } from './parts.ts';
import { plainNumber } from './plain-number.ts';
import type { ExportFile, ExportTable } from './table.ts';

const iso = isoTimes();

/** Text is escaped by JSON itself; what a spreadsheet makes of it is not this format's business. */
const FIELDS: Record<ValueKind, (value: Exclude<Value, LargeJson | null>) => string> = {
  text: (value) => JSON.stringify(value),
  // As it is: parsed and written again, large numbers would lose digits.
  json: String,
  parts: (value) => partsJson(value as NamedAmounts),
  uuid: (value) => `"${value}"`,
  integer: String,
  boolean: String,
  day: (value) => `"${value}"`,
  month: (value) => `"${value}"`,
  seconds: String,
  ratio: (value) => plainNumber(Number(value)),
  decimal: (value) => plainNumber(Number(value)),
  euros: (value) => `"${eurosText(value as MicroEuros)}"`,
  instant: (value) => `"${iso(value as Instant)}"`,
};

type Around = { between?: string; before?: string; first?: string; after?: string };

/** The rows of a table as objects, with what stands between, before and after them, and first in each. */
async function* objects(
  { columns, batches }: ExportTable,
  { between = '', before = '', first = '', after = '' }: Around,
): AsyncGenerator<string> {
  const parts = columns.map(({ name, kind }, i) => ({ key: `${i === 0 ? '' : ','}${JSON.stringify(name)}:`, kind }));
  let separator = '';
  for await (const rows of batches) {
    let text = '';
    for (const row of rows) {
      text += `${separator}${before}{${first}`;
      for (let i = 0; i < parts.length; i++) {
        const { key, kind } = parts[i] as (typeof parts)[number];
        const value = row[i];
        text += key;
        if (isLarge(value)) {
          yield text;
          text = '';
          yield* value.pieces();
        } else {
          if (value === null || value === undefined) text += 'null';
          else text += hasWord(kind, value) ? JSON.stringify(value) : FIELDS[kind](value);
        }
      }
      text += `}${after}`;
      separator = between;
    }
    yield text;
  }
}

/** `{ "manifest": { … }, "tables": { "<name>": [ { … }, … ] } }`: the closing brackets come last, so a part is no JSON. */
export async function* json({ manifest, tables }: ExportFile): AsyncGenerator<string> {
  yield `{"manifest":${manifestJson(manifest)},"tables":{`;
  for (const [i, table] of tables.entries()) {
    yield `${i === 0 ? '' : ','}\n${JSON.stringify(table.name)}:[`;
    yield* objects(table, { between: ',', before: '\n' });
    yield ']';
  }
  yield '}}\n';
}

/** A first line with the manifest and how many lines follow, then a line a row; `table` where there are several. */
export async function* ndjson({ manifest, tables }: ExportFile): AsyncGenerator<string> {
  yield `${JSON.stringify({ manifest: manifestOf(manifest) })}\n`;
  for (const table of tables) {
    yield* objects(table, { first: tables.length > 1 ? `"table":${JSON.stringify(table.name)},` : '', after: '\n' });
  }
}
