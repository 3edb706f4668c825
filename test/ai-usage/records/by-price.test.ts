import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addTime, HOUR, type Instant, instantAt, isoFromInstant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { slowly, usageAt } from '../../support/generated-usage.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { columnOf, openJson, openPage, tableOf, textOf } from '../../support/page.ts';
import { enterPrice } from '../../support/prices.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const at = (iso: string) => parseInstant(iso) as Instant;
const [FIRST, LAST] = [at('2025-10-20T00:00:00Z'), at('2025-10-27T00:00:00Z')] as const;
const BY_PRICE = 'cost=repriced&sortBy=estimatedCostInEuros';
const WINDOW = `from=${isoFromInstant(FIRST)}&to=${isoFromInstant(LAST)}`;

type Listed = { tokenUsageId: string; estimatedCostInEuros: string | null };
type Page = { records: Listed[]; total: number; totalPages: number; after: string | null; before: string | null };

/** 1.37 and 2.41 euros a million, above 2,000 tokens in twice as much, each call rounded: told once more, in hundredths of micro-euros. */
const RATES = { inputPerMillion: 1.37, outputPerMillion: 2.41 };
function costOf({ model, input, output }: UsageRow): number | null {
  if (model === 'mystery-9') return null;
  const hundredths = (input * 137 + output * 241) * (input > 2_000 ? 2 : 1);
  return Math.floor((2 * hundredths + 100) / 200);
}

const written = (cost: number | null) =>
  cost === null ? null : `${Math.floor(cost / 1e6)}.${String(cost % 1e6).padStart(6, '0')}`;

/** The dearest first and, where several cost the same, by their ids from the last. */
const dearestFirst = (a: UsageRow, b: UsageRow) => (costOf(b) ?? -1) - (costOf(a) ?? -1) || (a.id < b.id ? 1 : -1);

describe('records in the order of what they cost by the price list', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  const enterPrices = async () => {
    for (const [aboveInputTokens, times] of [
      [0, 1],
      [2_000, 2],
    ] as const) {
      const rates = Object.fromEntries(Object.entries(RATES).map(([name, rate]) => [name, rate * times]));
      for (const model of ['g*', 'claude-*', 'tts-1'])
        await enterPrice(client, { model, from: '2020-01-01', currency: 'EUR', aboveInputTokens, ...rates });
    }
  };
  const empty = async () => {
    await resetUsage();
    await databases().backoffice.raw('TRUNCATE prices, exchange_rates');
  };
  after(empty);

  it('are those of row-by-row pricing, page by page and by cursors forth and back, in both orders, rolled up and not, and in files', async () => {
    // Few tokens, so that some cost the same.
    const instant = fc.bigInt({ min: FIRST, max: LAST - 1n }).map(instantAt);
    const few = fc.record({
      input: fc.constantFrom(0, 100, 2_000, 2_001, 90_000),
      output: fc.constantFrom(0, 37, 4_000),
    });
    const usage = fc.tuple(usageAt(instant), few).map(([row, tokens]) => ({ ...row, ...tokens }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(usage, { minLength: 1, maxLength: 40 }),
        fc.array(usage, { maxLength: 5 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (rows, later, covered, pageSize, ascending) => {
          await empty();
          await enterPrices();
          const first = await insertUsage(rows);
          if (covered) await coverUsage();
          const all = [...first, ...(await insertUsage(later))].sort(dearestFirst);
          if (ascending) all.reverse();
          const expected = all.map((row) => [row.id, written(costOf(row))]);
          const asked = `${WINDOW}&${BY_PRICE}&sortOrder=${ascending ? 'asc' : 'desc'}`;
          const path = `/api/ai-usage/records?${asked}&pageSize=${pageSize}`;
          const said = ({ records }: Page) =>
            records.map(({ tokenUsageId, estimatedCostInEuros }) => [tokenUsageId, estimatedCostInEuros]);

          const walked: Page[] = [];
          for (let cursor: string | null = ''; cursor !== null; cursor = walked.at(-1)?.after ?? null) {
            const page: Page = await openJson<Page>(client, `${path}${cursor === '' ? '' : `&after=${cursor}`}`);
            assert.deepEqual(said(page), said(await openJson<Page>(client, `${path}&page=${walked.length + 1}`)));
            walked.push(page);
          }
          assert.deepEqual(walked.flatMap(said), expected);
          assert.deepEqual([walked[0]?.total, walked[0]?.totalPages], [all.length, walked.length]);
          for (let i = walked.length - 1; i > 0; i--) {
            const back = await openJson<Page>(client, `${path}&before=${walked[i]?.before}`);
            assert.deepEqual(said(back), said(walked[i - 1] as Page), 'back');
          }
          const file = JSON.parse((await client.get(`/ai-usage/records.json?${asked}`)).text);
          assert.deepEqual(
            file.tables.records.map((row: Record<string, unknown>) => [row.tokenUsageId, row.repricedCostInEuros]),
            expected,
          );
          assert.equal(file.manifest.order, 'costs by the price list');
        },
      ),
      slowly(24),
    );
  });

  it('stand on the page so: the column is sorted, the next page goes on, and a record leads to those beside it', async () => {
    await empty();
    await enterPrices();
    const rows = [1, 5, 3, 4, 2].map((times) => ({ at: FIRST, input: 100 * times, output: 0, cost: 9_000 - times }));
    await insertUsage([...rows, { at: FIRST, model: 'mystery-9', cost: 1_000_000 }]);
    const path = `/ai-usage/records?${WINDOW}&${BY_PRICE}`;
    const page = await openPage(client, path);
    const costs = columnOf(tableOf(page, 'Records'), 'By the price list').map(({ text, micro }) => micro ?? text);
    assert.deepEqual(costs, [685, 548, 411, 274, 137, 'no price']);
    const sorted = page.querySelectorAll('th[aria-sort=descending]').map((one) => textOf(one));
    assert.deepEqual(sorted, ['By the price list']);
    assert.match(
      page.querySelector('[data-announce]')?.getAttribute('data-announce') ?? '',
      /sorted by By the price list/,
    );
    assert.doesNotMatch(textOf(page), /In the order of recorded costs/);

    const { records } = await openJson<Page>(client, `/api/ai-usage/records?${WINDOW}&${BY_PRICE}`);
    const record = await openPage(client, `/ai-usage/records/${records[1]?.tokenUsageId}?${WINDOW}&${BY_PRICE}`);
    const beside = ['← Previous', 'Next →'].map(
      (text) =>
        record
          .querySelectorAll('a')
          .find((one) => textOf(one) === text)
          ?.getAttribute('href') ?? '',
    );
    assert.deepEqual(
      beside.map((href) => href.match(/records\/([^?]+)/)?.[1]),
      [records[0]?.tokenUsageId, records[2]?.tokenUsageId],
    );
    const time = await openPage(client, `/ai-usage/records?${WINDOW}&cost=repriced&minCost=0.001`);
    assert.match(textOf(time), /recorded cost is at least/);
    const heads = time.querySelectorAll('th a').map((one) => [textOf(one), one.getAttribute('href') ?? '']);
    assert.match(heads.find(([head]) => head === 'By the price list')?.[1] ?? '', /sortBy=estimatedCostInEuros/);
    assert.equal(
      heads.some(([head]) => head === 'Cost'),
      false,
    );
  });

  it('keep the place of a cursor when prices change or its record is gone', async () => {
    await empty();
    await enterPrices();
    const rows = await insertUsage([1, 2, 3, 4, 5].map((times) => ({ at: FIRST, input: 100 * times, output: 0 })));
    const path = `/api/ai-usage/records?${WINDOW}&${BY_PRICE}&pageSize=2`;
    const ids = ({ records }: Page) =>
      records.map(({ tokenUsageId }) => rows.findIndex(({ id }) => id === tokenUsageId));
    const first = await openJson<Page>(client, path);
    assert.deepEqual(ids(first), [4, 3]);
    await databases().workflows('token_usage_tracking').where({ token_usage_id: rows[3]?.id }).delete();
    const asOf = `&asOf=${isoFromInstant(addTime(LAST, 1n))}`;
    assert.deepEqual(ids(await openJson<Page>(client, `${path}&after=${first.after}${asOf}`)), [2, 1]);
    await enterPrice(client, {
      model: 'gpt-5',
      from: '2025-01-01',
      currency: 'EUR',
      inputPerMillion: 900,
      outputPerMillion: 0,
    });
    const second = await openJson<Page>(client, `${path}&after=000.000411~${rows[2]?.id}`);
    assert.deepEqual(ids(second), [1, 0]);
  });

  it('are in the order of recorded costs where there are too many of them, and say so', async function () {
    this.timeout(120_000);
    await empty();
    await enterPrices();
    for (const rows of [...Array(10).fill(20_000), 1])
      await databases().workflows.raw(
        `INSERT INTO token_usage_tracking (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       SELECT '10000000-0000-4000-8000-000000000000', md5((number / 40)::text)::uuid, 'test', 'gpt-5', 100 + number % 7, 0, (number % 1000) / 1000.0, '{}', ?::timestamptz + number * interval '1 second' FROM generate_series(1, ?) AS number`,
        [isoFromInstant(FIRST), rows],
      );
    // Of the other tests' window an answer may be reused.
    const asked = `from=${isoFromInstant(FIRST)}&to=${isoFromInstant(addTime(LAST, HOUR))}&${BY_PRICE}`;
    const page = await openPage(client, `/ai-usage/records?${asked}`);
    assert.match(
      textOf(page.querySelector('.notice')),
      /In the order of recorded costs: .* more than 200,000 are too many/,
    );
    assert.deepEqual(
      page.querySelectorAll('th[aria-sort=descending]').map((one) => textOf(one)),
      ['Cost'],
    );
    const answer = await client.get(`/api/ai-usage/records?${asked}`);
    assertDescribed('/api/ai-usage/records', answer);
    assert.equal(answer.body.orderedBy, 'recorded', answer.text.slice(0, 400));
    assert.equal(answer.body.records[0].recordedCostInEuros, '0.999000');
    await databases().workflows.raw(
      `DELETE FROM token_usage_tracking WHERE token_usage_id = (SELECT token_usage_id FROM token_usage_tracking LIMIT 1)`,
    );
    const fewer = await client.get(`/api/ai-usage/records?${asked}&page=2`);
    assertDescribed('/api/ai-usage/records', fewer);
    assert.deepEqual([fewer.body.orderedBy, fewer.body.records[0].estimatedCostInEuros], ['repriced', '0.000145']);
  });
});
