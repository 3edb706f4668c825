import { eurosText } from '../units/money.ts';
import { isoTimes } from './local-time.ts';
import { manifestJson, manifestOf } from './manifest.ts';
import { partsJson } from './parts.ts';
import { plainNumber } from './plain-number.ts';
import type { ExportColumn, ExportFile, Kind, Parts, Value } from './table.ts';

const iso = isoTimes();

/** Text is escaped by JSON itself; what a spreadsheet makes of it is not this format's business. */
const FIELDS: Record<Kind, (value: Value) => string> = {
  text: (value) => JSON.stringify(value),
  // As it is: parsed and written again, large numbers would lose digits.
  json: String,
  parts: (value) => partsJson(value as Parts),
  uuid: (value) => `"${value}"`,
  integer: String,
  boolean: String,
  day: (value) => `"${value}"`,
  month: (value) => `"${value}"`,
  seconds: String,
  ratio: (value) => plainNumber(Number(value)),
  euros: (value) => `"${eurosText(Number(value))}"`,
  instant: (value) => `"${iso(value as bigint)}"`,
};

/** A writer of rows as objects, made once per table. */
function objects(columns: ExportColumn[], first = ''): (row: Value[]) => string {
  const parts = columns.map(({ name, kind }, i) => ({ key: `${i === 0 ? '' : ','}${JSON.stringify(name)}:`, kind }));
  return (row) => {
    let text = `{${first}`;
    for (let i = 0; i < parts.length; i++) {
      const { key, kind } = parts[i] as (typeof parts)[number];
      const value = row[i];
      text += key + (value === null || value === undefined ? 'null' : FIELDS[kind](value));
    }
    return `${text}}`;
  };
}

/** `{ "manifest": { … }, "tables": { "<name>": [ { … }, … ] } }`: the closing brackets come last, so a part is no JSON. */
export async function* json({ manifest, tables }: ExportFile): AsyncGenerator<string> {
  yield `{"manifest":${manifestJson(manifest)},"tables":{`;
  for (const [i, { name, columns, batches }] of tables.entries()) {
    const object = objects(columns);
    yield `${i === 0 ? '' : ','}\n${JSON.stringify(name)}:[`;
    let separator = '\n';
    for await (const rows of batches) {
      let text = '';
      for (const row of rows) {
        text += separator + object(row);
        separator = ',\n';
      }
      yield text;
    }
    yield ']';
  }
  yield '}}\n';
}

/** A first line with the manifest and how many lines follow, then a line a row; `table` where there are several. */
export async function* ndjson({ manifest, tables }: ExportFile): AsyncGenerator<string> {
  yield `${JSON.stringify({ manifest: manifestOf(manifest) })}\n`;
  for (const { name, columns, batches } of tables) {
    const object = objects(columns, tables.length > 1 ? `"table":${JSON.stringify(name)},` : '');
    for await (const rows of batches) {
      let text = '';
      for (const row of rows) text += `${object(row)}\n`;
      yield text;
    }
  }
}
