import assert from 'node:assert/strict';
import fc from 'fast-check';
import { recordExportColumns, recordRows } from '../../../src/ai-usage/records/record-export.ts';
import { recordLines } from '../../../src/ai-usage/records/record-lines.ts';
import { csv, DIALECTS } from '../../../src/export/csv.ts';
import type { ExportTable, Manifest } from '../../../src/export/table.ts';
import { TEXT_OF_A_RECORD } from '../../../src/stats/records/record-text.ts';
import { microEuros, NO_EUROS } from '../../../src/units/money.ts';
import { addTime, BEFORE_TIME, DAY_OF_24_HOURS, END_OF_TIME, now, parseInstant } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { AUTHORS, STORIES } from '../../support/generated-usage.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const ZONE = 'Europe/Lisbon';
const at = (text: string) => parseInstant(text) ?? assert.fail(text);

const MICROSECONDS = [0, 1, 10, 100_000, 120_000, 123_000, 123_400, 123_456, 999_999];
const TIMES = [
  ...MICROSECONDS.map((micros) => addTime(at('2026-10-31T10:44:41Z'), BigInt(micros))),
  // The hour that comes twice, years that have not four digits, and no time.
  ...['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '0044-03-15T12:00:00Z', '-000043-03-15T12:00:00Z'].map(at),
  ...[at('+012026-10-31T10:44:41.5Z'), END_OF_TIME, BEFORE_TIME],
];
const MODELS = ['gpt-5', 'imagen-4', '=1+1', '"quoted"', 'a,b;c', "'=x", '-5', 'a\tb', 'a\r\nb', '\\t'];
const COSTS = [0, 1, 12_345, -100, -9_999_999, 9_999_999_999, Number.NaN];
/** Each of them once, for the author and story that have names, and for those that have none. */
const EACH: Partial<UsageRow>[] = [
  ...TIMES.map((at) => ({ at, author: AUTHORS[0], story: STORIES[0] })),
  ...MODELS.map((model) => ({ model, author: AUTHORS[1], story: STORIES[1] })),
  ...COSTS.map((cost) => ({ cost })),
];

const row: fc.Arbitrary<Partial<UsageRow>> = fc.record({
  author: fc.constantFrom(...AUTHORS),
  story: fc.constantFrom(...STORIES),
  action: fc.constantFrom('chapter_writing', 'image_edit', 'test'),
  model: fc.string({ minLength: 1, maxLength: 20 }).map((text) => text.replaceAll('\0', '')),
  input: fc.oneof(fc.nat(100_000), fc.constantFrom(0, -7, 2_147_483_647)),
  output: fc.oneof(fc.nat(100_000), fc.constantFrom(0, 2_147_483_647)),
  cost: fc.integer({ min: -9_999_999_999, max: 9_999_999_999 }),
  at: fc.bigInt({ min: 0n, max: 400n * DAY_OF_24_HOURS }).map((micros) => addTime(at('2026-01-01T00:00:00Z'), micros)),
});

describe('records as lines of CSV', () => {
  after(resetUsage);

  it('are byte for byte what is written from their values', () =>
    fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), async (rows) => {
        await resetUsage();
        await insertUsage([...EACH, ...rows]);
        const { workflows, mythoria } = databases();
        await mythoria('authors').insert({ author_id: AUTHORS[0], display_name: '=Ana, "a"; Sousa', email: 'a@b.pt' });
        await mythoria('stories').insert({ story_id: STORIES[0], author_id: AUTHORS[0], title: 'O dragão\n+e a lua' });
        const { rows: texts } = await workflows
          .raw<{ rows: [string][] }>(
            `SELECT ${TEXT_OF_A_RECORD} FROM token_usage_tracking ORDER BY created_at, token_usage_id`,
          )
          .options({ rowMode: 'array' });
        const stream = () => ({
          batches: (async function* () {
            yield texts.map(([text]) => text);
          })(),
          prompts: async () => new Map(),
        });
        // Only the value tells a column that is not written from its text.
        const besides = [{ name: 'half', label: 'Half', kind: 'euros' as const, value: () => microEuros(1_234_567) }];
        const table = { name: 'records', title: 'Records', columns: recordExportColumns(false, besides) };
        const written = async (dialect: (typeof DIALECTS)[number], rows: Pick<ExportTable, 'batches' | 'csvLines'>) => {
          let text = '';
          const file = { manifest: MANIFEST, tables: [{ ...table, ...rows }] };
          for await (const piece of csv(file, { dialect, manifest: false })) text += piece;
          return text;
        };
        for (const dialect of DIALECTS)
          assert.equal(
            await written(dialect, { batches: [], csvLines: recordLines(databases(), stream(), besides) }),
            await written(dialect, { batches: recordRows(databases(), stream(), false, besides) }),
          );
      }),
      { numRuns: runs(15) },
    ));
});

const MANIFEST: Manifest = {
  ...{ title: 'Records', filters: '', from: null, to: now(), timeZone: ZONE, asOf: now() },
  ...{ rows: 0, cost: NO_EUROS },
};
