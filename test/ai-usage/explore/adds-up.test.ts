import assert from 'node:assert/strict';
import fc from 'fast-check';
import { providerOf } from '../../../src/catalog/models.ts';
import { AXES, type Axis, MEASURES, type Measure } from '../../../src/query/view.ts';
import {
  addTime,
  earliest,
  HOUR,
  type Instant,
  instantAt,
  isoFromInstant,
  latest,
  parseInstant,
} from '../../../src/units/time.ts';
import { type RunningApp, sharedApp, startApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { filtersOver, plainWhere, writtenOf } from '../../support/filters.ts';
import { ACTIONS, AUTHORS, MODELS, STORIES, slowly, usageAt } from '../../support/generated-usage.ts';
import { openJson } from '../../support/page.ts';
import type { Where } from '../../support/plain-sql.ts';
import { enterPrice } from '../../support/prices.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const at = (iso: string) => parseInstant(iso) as Instant;
/** A clock goes back in it, a year of weeks ends, and it has more days than columns are named. */
const [FIRST, LAST] = [at('2025-10-20T00:00:00Z'), at('2026-01-10T00:00:00Z')] as const;

type Sums = {
  value: number | null;
  totalCost: number;
  requests: number;
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  uniqueStories?: number;
};
type Line = Sums & { key: string | null; count: number };
type Explored = {
  total: Sums;
  rowTotals: Line[];
  columnTotals: Line[];
  cells: (Sums | null)[][];
  rowCount: number;
  totalPages: number;
};

type PlainRow = Record<Axis, string> & { story: string; micro: bigint; input: number; output: number };

/** Each record and its keys, by plain SQL. */
async function plainRows(zone: string, { sql, bindings }: Where): Promise<PlainRow[]> {
  const local = `(created_at AT TIME ZONE '${zone}')`;
  const { rows } = await databases().workflows.raw<{ rows: (Omit<PlainRow, 'micro'> & { micro: string })[] }>(
    `SELECT action::text AS action, ai_model AS model, extract(isodow FROM ${local})::text AS weekday, extract(hour FROM ${local})::text AS hour,
            to_char(${local}, 'YYYY-MM-DD') AS day, to_char(${local}, 'IYYY-"W"IW') AS week, to_char(${local}, 'YYYY-MM') AS month,
            story_id AS story, (estimated_cost_in_euros * 1000000)::bigint::text AS micro, input_tokens AS input, output_tokens AS output
       FROM token_usage_tracking WHERE ${sql}`,
    bindings,
  );
  return rows.map((row) => ({ ...row, provider: providerOf(row.model), micro: BigInt(row.micro) }));
}

function plainSums(rows: PlainRow[], measure: Measure): Sums {
  const micro = Number(rows.reduce((sum, row) => sum + row.micro, 0n));
  const inputTokens = rows.reduce((sum, { input }) => sum + input, 0);
  const outputTokens = rows.reduce((sum, { output }) => sum + output, 0);
  const totalTokens = inputTokens + outputTokens;
  const stories = new Set(rows.map(({ story }) => story)).size;
  const per = (count: number) => (count === 0 ? null : Math.round(micro / count) / 1e6);
  const values: Record<Measure, number | null> = {
    ...{ cost: micro / 1e6, requests: rows.length, inputTokens, outputTokens, totalTokens },
    ...{ costPerRequest: per(rows.length), costPerStory: per(stories) },
    costPerMillionTokens: totalTokens === 0 ? null : Math.round((micro / totalTokens) * 1e6) / 1e6,
  };
  return {
    ...{
      value: values[measure],
      totalCost: micro / 1e6,
      requests: rows.length,
      inputTokens,
      outputTokens,
      totalTokens,
    },
    ...(measure === 'costPerStory' ? { uniqueStories: stories } : {}),
  };
}

function assertSums(found: Sums | null, rows: PlainRow[], measure: Measure, what: string): void {
  if (rows.length === 0) {
    assert.equal(found, null, what);
    return;
  }
  assert.ok(found !== null, `${what}: none`);
  const { value, ...exact } = plainSums(rows, measure);
  for (const [name, expected] of Object.entries(exact))
    assert.equal(found[name as keyof Sums], expected, `${what}: ${name}`);
  // Of averages the last digit is a matter of how a double is rounded.
  if (value === null || found.value === null) assert.equal(found.value, value, what);
  else
    assert.ok(Math.abs(found.value - value) <= 1e-6 + Math.abs(value) * 1e-12, `${what}: ${found.value}, not ${value}`);
}

/** Whether an answer is what plain SQL says, line by line and cell by cell. */
async function assertExplored(
  client: Client,
  asked: { rows: Axis; columns: Axis; measure: Measure; pageSize: number },
  parameters: string,
  plain: PlainRow[],
): Promise<void> {
  const { rows, columns, measure, pageSize } = asked;
  const seen: (string | null)[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const found = await openJson<Explored>(
      client,
      `/api/ai-usage/explore?rows=${rows}&columns=${columns}&measure=${measure}&pageSize=${pageSize}&page=${page}&${parameters}`,
    );
    pages = Math.min(found.totalPages, 3);
    const named = (lines: Line[]) => lines.flatMap(({ key }) => key ?? []);
    const of = (axis: Axis, line: Line, lines: Line[]) => (row: PlainRow) =>
      line.key === null ? !named(lines).includes(row[axis]) : row[axis] === line.key;
    if (plain.length > 0) assertSums(found.total, plain, measure, 'total');
    found.rowTotals.forEach((row, i) => {
      const ofRow = plain.filter(of(rows, row, found.rowTotals));
      assertSums(row, ofRow, measure, `row ${row.key}`);
      found.columnTotals.forEach((column, j) => {
        const both = ofRow.filter(of(columns, column, found.columnTotals));
        assertSums(found.cells[i]?.[j] ?? null, both, measure, `cell ${row.key} ${column.key}`);
      });
    });
    for (const column of found.columnTotals)
      assertSums(column, plain.filter(of(columns, column, found.columnTotals)), measure, `column ${column.key}`);
    // What is named and what is not make up the whole, whatever page it is of.
    for (const lines of [found.rowTotals, found.columnTotals])
      assert.equal(
        lines.reduce((sum, { requests }) => sum + requests, 0),
        plain.length,
      );
    assert.equal(found.rowCount, new Set(plain.map((row) => row[rows])).size);
    seen.push(...named(found.rowTotals));
  }
  assert.equal(new Set(seen).size, seen.length, 'a row comes on one page');
}

const axes = fc.uniqueArray(fc.constantFrom(...AXES), { minLength: 2, maxLength: 2 }) as fc.Arbitrary<[Axis, Axis]>;

describe('explore', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  after(resetUsage);

  it('adds up to what plain SQL says, for any two axes, measure, window and filter, rolled up and not', async () => {
    const instant = fc.bigInt({ min: FIRST, max: LAST }).map(instantAt);
    const filters = filtersOver({ models: MODELS, actions: ACTIONS, authors: AUTHORS, stories: STORIES });
    await fc.assert(
      fc.asyncProperty(
        fc.array(usageAt(instant), { minLength: 1, maxLength: 80 }),
        fc.array(usageAt(instant), { maxLength: 5 }),
        fc.boolean(),
        fc.array(
          fc.record({
            window: fc.oneof(fc.constant(null), fc.tuple(instant, instant)),
            filter: fc.oneof(fc.constant(null), filters),
            axes,
            measure: fc.oneof(fc.constantFrom(...MEASURES), fc.constant<Measure>('costPerStory')),
            pageSize: fc.constantFrom(1, 3, 50),
          }),
          { minLength: 6, maxLength: 6 },
        ),
        async (rows, later, covered, asked) => {
          await resetUsage();
          await insertUsage(rows);
          if (covered) await coverUsage();
          await insertUsage(later);
          if (covered) await coverUsage();
          for (const { window, filter, axes, measure, pageSize } of asked) {
            const [from, to] = window ?? [FIRST, addTime(LAST, HOUR)];
            const [begin, end] = [earliest(from, to), addTime(latest(from, to), 1n)];
            const where = filter === null ? { sql: 'true', bindings: [] } : plainWhere(filter);
            const bounds = [isoFromInstant(begin), isoFromInstant(end)];
            const plain = await plainRows('Europe/Lisbon', {
              sql: `created_at >= ? AND created_at < ? AND (${where.sql})`,
              bindings: [...bounds, ...where.bindings],
            });
            // A search has no address that says it in so many words.
            if (filter?.search) continue;
            const parameters = `from=${bounds[0]}&to=${bounds[1]}&${filter === null ? '' : writtenOf(filter)}`;
            await assertExplored(client, { rows: axes[0], columns: axes[1], measure, pageSize }, parameters, plain);
          }
        },
      ),
      slowly(24),
    );
  });

  it('adds up by the price list too, call by call, rolled up and not, by the hours of the day too', async () => {
    const instant = fc.bigInt({ min: FIRST, max: LAST }).map(instantAt);
    // Rounded by the call, and another for large ones: 1.37 and 2.41, above 2,000 tokens in twice as much.
    const enterPrices = async () => {
      for (const [aboveInputTokens, times] of [
        [0, 1],
        [2_000, 2],
      ] as const) {
        const rates = { inputPerMillion: 1.37 * times, outputPerMillion: 2.41 * times };
        await enterPrice(client, { model: '*', from: '2020-01-01', currency: 'EUR', aboveInputTokens, ...rates });
      }
    };
    const priced = (row: PlainRow): PlainRow => {
      const hundredths = (row.input * 137 + row.output * 241) * (row.input > 2_000 ? 2 : 1);
      return { ...row, micro: BigInt(Math.floor((2 * hundredths + 100) / 200)) };
    };
    const withHours = axes.filter((two) => two.includes('hour'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(usageAt(instant), { minLength: 1, maxLength: 60 }),
        fc.array(usageAt(instant), { maxLength: 5 }),
        fc.boolean(),
        fc.array(fc.tuple(fc.oneof(axes, withHours), fc.constantFrom(...MEASURES), instant), {
          minLength: 4,
          maxLength: 4,
        }),
        async (rows, later, covered, asked) => {
          await resetUsage();
          await enterPrices();
          await insertUsage(rows);
          if (covered) await coverUsage();
          await insertUsage(later);
          if (covered) await coverUsage();
          for (const [[rows, columns], measure, begin] of asked) {
            const [from, to] = [isoFromInstant(begin), isoFromInstant(addTime(LAST, HOUR))];
            const where = { sql: 'created_at >= ? AND created_at < ?', bindings: [from, to] };
            const plain = (await plainRows('Europe/Lisbon', where)).map(priced);
            const parameters = `from=${from}&to=${to}&cost=repriced`;
            await assertExplored(client, { rows, columns, measure, pageSize: 3 }, parameters, plain);
          }
        },
      ),
      slowly(12),
    );
  });

  it('has the rows around the hours of a window, each of a story of its own', async () => {
    await resetUsage();
    await insertUsage(
      ['08:59', '10:10', '10:40', '12:00', '13:20', '13:40'].map((time, i) => ({
        at: at(`2025-11-05T${time}:00Z`),
        story: `2${i}f2c4d6-0000-4000-8000-000000000000`,
      })),
    );
    await coverUsage();
    const [from, to] = ['2025-11-05T10:20:00Z', '2025-11-05T13:30:00Z'];
    const plain = await plainRows('Europe/Lisbon', { sql: 'created_at >= ? AND created_at < ?', bindings: [from, to] });
    assert.equal(plain.length, 3);
    for (const rows of ['hour', 'day'] as const)
      for (const measure of ['cost', 'costPerStory'] as const)
        await assertExplored(client, { rows, columns: 'model', measure, pageSize: 50 }, `from=${from}&to=${to}`, plain);
  });

  it('is right where days begin at half past a UTC hour', async () => {
    await resetUsage();
    await insertUsage([
      { at: at('2026-10-25T18:29:59Z'), cost: 1_000_000, story: STORIES[0] ?? '' },
      { at: at('2026-10-25T18:30:00Z'), cost: 2_000_000, story: STORIES[0] ?? '', model: 'tts-1' },
      { at: at('2026-10-26T18:30:00Z'), cost: 4_000_000, story: STORIES[1] ?? '' },
    ]);
    await coverUsage('Asia/Kolkata');
    const app: RunningApp = await startApp({ variables: { TIME_ZONE: 'Asia/Kolkata' } });
    try {
      const there = await signedIn(app.origin);
      const plain = await plainRows('Asia/Kolkata', { sql: 'true', bindings: [] });
      for (const [rows, columns] of [
        ['hour', 'day'],
        ['weekday', 'hour'],
        ['week', 'model'],
      ] as const)
        for (const measure of ['cost', 'costPerStory'] as const)
          await assertExplored(there, { rows, columns, measure, pageSize: 50 }, 'period=all', plain);
    } finally {
      await app.close();
    }
  });
});
