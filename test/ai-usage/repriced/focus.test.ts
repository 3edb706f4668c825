import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { addTime, DAY_OF_24_HOURS, HOUR, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { type Charge, FOCUS_COLUMNS, problemsOf } from '../../support/focus.ts';
import { usageAt } from '../../support/generated-usage.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const recently = fc.bigInt(0n, 89n * 24n).map((hours) => now() - hours * HOUR - 1n);

const micro = (text: string | undefined) => Math.round(Number(text) * 1_000_000);
const sumOf = (charges: Charge[], name: string) => charges.reduce((sum, charge) => sum + micro(charge[name]), 0);

describe('costs as FOCUS 1.2 (/ai-usage/repriced.csv?table=focus)', () => {
  let client: Client;
  const noPrices = () => databases().backoffice.raw('TRUNCATE prices, exchange_rates');

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await noPrices();
  });
  after(async () => {
    await resetUsage();
    await noPrices();
  });

  async function charges(query: string): Promise<{ rows: Charge[]; total: string }> {
    const { text, headers } = await client.get(`/ai-usage/repriced.csv?table=focus&${query}`);
    const rows: Charge[] = parse(text, { columns: true, bom: true });
    return { rows, total: String(headers['x-total-cost']) };
  }

  it('has what the specification asks for and adds up to the micro-euro, whatever was recorded', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(usageAt(recently), { minLength: 1, maxLength: 40 }), async (rows) => {
        await resetUsage();
        await insertUsage(rows);
        for (const cost of ['recorded', 'repriced']) {
          const found = await charges(`period=90d&cost=${cost}`);
          assert.deepEqual(problemsOf(found.rows), []);
          for (const name of ['BilledCost', 'EffectiveCost', 'ContractedCost'])
            assert.equal(sumOf(found.rows, name), micro(found.total), `${cost} ${name}`);
        }
      }),
      { numRuns: 5 },
    );
  });

  it('is of the prices of the list where they are asked for, and says both', async () => {
    await resetUsage();
    const at = addTime(now(), -40n * DAY_OF_24_HOURS);
    await insertUsage([
      { model: 'gpt-5', action: 'test', input: 1_000_000, output: 0, cost: 2_000_001, at },
      { model: 'gpt-5', action: 'test', input: 1_000_000, output: 0, cost: 1, at },
      { model: 'mystery-1', action: 'chapter_writing', input: 3, output: 4, cost: 70, at },
    ]);
    const price = { model: 'gpt-5', from: '2020-01-01', currency: 'EUR', inputPerMillion: 1.25, outputPerMillion: 10 };
    assert.equal((await client.json('post', '/api/prices', price)).status, 201);
    const of = ({ rows }: { rows: Charge[] }) =>
      rows.map((charge) => [
        ...[charge.SkuId, charge.ProviderName, charge.ConsumedQuantity, charge.PricingQuantity],
        ...[charge.BilledCost, charge.ListCost, charge.x_RecordedCost, charge.x_RepricedCost],
      ]);
    assert.deepEqual(of(await charges('period=90d')), [
      ['gpt-5', 'OpenAI', '2', '2000000', '2.000002', '2.5', '2.000002', '2.5'],
      ['mystery-1', 'Unknown', '1', '7', '0.00007', '0.00007', '0.00007', ''],
    ]);
    assert.deepEqual(of(await charges('period=90d&cost=repriced')), [
      ['gpt-5', 'OpenAI', '2', '2000000', '2.5', '2.5', '2.000002', '2.5'],
      ['mystery-1', 'Unknown', '1', '7', '0', '0.00007', '0.00007', ''],
    ]);
  });

  it('would be found wrong by its test', () => {
    const right: Charge = Object.fromEntries(Object.keys(FOCUS_COLUMNS).map((name) => [name, '']));
    assert.ok(problemsOf([right]).length > 20);
  });
});
