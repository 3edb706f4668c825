import assert from 'node:assert/strict';
import { addTime, HOUR, type Instant, isoFromInstant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { columnOf, openPage, tableOf, textOf } from '../../support/page.ts';
import { enterPrice } from '../../support/prices.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const at = parseInstant('2026-10-20T10:00:00Z') as Instant;
const STORY = 'bbbbbbbb-0000-4000-8000-000000000001';
const PATH = `/ai-usage/stories/${STORY}?from=2026-10-20&to=2026-10-21`;
const BY_PRICE = `${PATH}&cost=repriced`;

describe('a story by the costs of the price list', () => {
  let client: Client;
  const empty = async () => {
    await resetUsage();
    await databases().backoffice.raw('TRUNCATE prices, exchange_rates');
  };
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await empty();
    for (const [aboveInputTokens, inputPerMillion] of [
      [0, 1.5],
      [2_000_000, 3],
    ] as const)
      await enterPrice(client, {
        ...{ model: 'gpt-5', from: '2020-01-01', currency: 'EUR', aboveInputTokens, inputPerMillion },
        outputPerMillion: 0,
      });
    const call = (minutes: number, action: string, input: number, model = 'gpt-5') => ({
      ...{ story: STORY, action, input, output: 0, model, cost: 7_000_000 },
      at: addTime(at, (HOUR * BigInt(minutes)) / 60n),
    });
    await insertUsage([
      // 1.50, three times the same; 9.00 for a large one; and none.
      call(0, 'story_outline', 1_000_000),
      call(1, 'story_outline', 1_000_000),
      call(2, 'story_outline', 1_000_000),
      call(3, 'chapter_writing', 3_000_000),
      call(4, 'test', 1_000_000, 'mystery-1'),
      call(5, 'test', 1_000_000, 'mystery-1'),
      // Others: 1.50, 3.00, 30.00 and one that nobody knows, each recorded as more than it.
      ...[1_000_000, 2_000_000, 10_000_000].map((input) => ({ at, input, output: 0, cost: 90_000_000 })),
      { at, model: 'mystery-1', cost: 90_000_000 },
    ]);
  });
  after(empty);

  for (const covered of [false, true])
    it(`says its steps, repeats and place among others, each call priced by itself${covered ? ', rolled up too' : ''}`, async () => {
      if (covered) await coverUsage();
      const page = await openPage(client, BY_PRICE);
      const steps = tableOf(page, 'Cost by action, in order of time');
      assert.deepEqual(
        columnOf(steps, 'Cost').map(({ text }) => text),
        ['€4.50', '€9.00', '€0.00'],
      );
      assert.equal(steps.total?.[steps.head.indexOf('Cost')]?.text, '€13.50');
      assert.match(textOf(page), /The calls after each first one cost €3\.00, 22\.2% of what is shown here/);
      assert.match(textOf(page), /It costs more than 75\.0% of the 4 other stories/);
      const figures = page.querySelectorAll('.figures dd').map(textOf);
      assert.deepEqual(figures, ['€13.50', '€1.50', '€30.00']);
      const records = columnOf(tableOf(page, 'Records'), 'By the price list').map(({ text }) => text);
      assert.deepEqual(records, ['€1.50', '€1.50', '€1.50', '€9.00', 'no price', 'no price']);
      assert.match(textOf(page), /Costs by the price list, show recorded costs/);
      assert.match(textOf(page), /Left out of these costs, .* 2 calls of mystery-1\./);
      assert.match(textOf(page), /All of it: €13\.50 by the price list, €14\.50 \(51\.8%\) less than the €28\.00/);
      assert.doesNotMatch(textOf(page), /as recorded/i);
    });

  it('is recorded without being asked', async () => {
    const page = await openPage(client, PATH);
    assert.deepEqual(page.querySelectorAll('.figures dd').map(textOf), ['€42.00', '€90.00', '€90.00']);
    assert.doesNotMatch(textOf(page), /price list/);
  });

  it('has its steps and repeats in files so, which say it', async () => {
    const { tables, manifest } = JSON.parse((await client.get(BY_PRICE.replace('?', '.json?'))).text);
    assert.deepEqual(
      tables.steps.map((row: Record<string, unknown>) => row.cost),
      ['4.500000', '9.000000', '0.000000'],
    );
    assert.deepEqual(
      tables.repeats.map((row: Record<string, unknown>) => [row.requests, row.costAfterFirst]),
      [[3, '3.000000']],
    );
    assert.deepEqual([manifest.totalCost, manifest.unpriced], ['13.500000', { requests: 2, models: ['mystery-1'] }]);
    assert.match(manifest.filters, /with costs by the price list/);
  });

  it('is refused in words beside more stories than can be priced call by call', async function () {
    this.timeout(120_000);
    for (let piece = 0; piece < 11; piece++)
      await databases().workflows.raw(
        `INSERT INTO token_usage_tracking (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
         SELECT '10000000-0000-4000-8000-000000000000', md5((number / 40)::text)::uuid, 'test', 'gpt-5', 100, 0, 0.001, '{}', ?::timestamptz + number * interval '1 second' FROM generate_series(1, 20000) AS number`,
        [isoFromInstant(at)],
      );
    await coverUsage();
    const page = await openPage(client, BY_PRICE.replace('to=2026-10-21', 'to=2026-10-22'));
    assert.match(
      textOf(page),
      /By the price list this is told from each call by itself, and these are more than 200,000/,
    );
    assert.equal(
      tableOf(page, 'Cost by action, in order of time').total?.some(({ text }) => text === '€13.50'),
      true,
    );
  });
});
