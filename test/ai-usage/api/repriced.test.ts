import assert from 'node:assert/strict';
import { outputTokensOfImage, recordedCost } from '../../../src/demo/prices.ts';
import { costOfRow, NO_EXCHANGE, rowPrice } from '../../../src/stats/pricing/row-price.ts';
import { addTime, HOUR, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const STATS = '/api/ai-usage/stats';
const RECORDS = '/api/ai-usage/records';

describe('the JSON of costs by the price list', () => {
  let client: Client;
  const noPrices = () => databases().backoffice.raw('TRUNCATE prices, exchange_rates');

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const at = addTime(now(), -HOUR);
    await insertUsage([
      { model: 'gpt-5', input: 1000, output: 100, cost: 77, at },
      { model: 'gpt-5-2025-08-07', input: 1, output: 0, cost: 0, at },
      { model: 'gpt-5', input: 3, output: 0, cost: Number.NaN, at },
      { model: 'tts-1', action: 'audio_generation', input: 1500, output: 0, cost: 5, at },
      { model: 'gpt-image-1', action: 'image_generation', input: 12, output: 4000, cost: 6, at },
      { model: 'mystery-1', cost: 9, at },
      { model: 'mystery-1', cost: 9, at },
      { model: 'mystery-2', cost: 9, at },
    ]);
  });
  beforeEach(noPrices);
  after(async () => {
    await resetUsage();
    await noPrices();
  });

  const enter = async (body: object) => {
    const answer = await client.json('post', '/api/prices', { from: '2026-01-01', ...body });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  };
  const stats = async (query: string) => {
    const answer = await client.json('get', `${STATS}?${query}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assertDescribed(STATS, answer);
    return answer.body;
  };

  it('has the price of each call, and names what has none; a price that is entered counts with the next question', async () => {
    const nothing = await stats('cost=repriced');
    assert.deepEqual([nothing.totalCost, nothing.totalRequests], [0, 8]);
    assert.equal(nothing.unpriced.requests, 8);
    await enter({ model: 'gpt-5', currency: 'EUR', inputPerMillion: 1.25, outputPerMillion: 10 });
    await enter({ model: 'tts-1', currency: 'EUR', perThousandCharacters: 0.015 });
    await enter({ model: 'gpt-image-*', currency: 'EUR', perImage: 0.04 });
    const { totalCost, totalRequests, unpriced, modelBreakdown } = await stats('cost=repriced');
    // 2,250 for the first call, one and a quarter for the second, three and three quarters for the third: each is rounded.
    assert.equal(totalCost, (2250 + 1 + 4 + 22500 + 40000) / 1e6);
    assert.deepEqual([totalRequests, unpriced], [8, { requests: 3, models: ['mystery-1', 'mystery-2'] }]);
    assert.deepEqual(
      modelBreakdown.map(({ model, totalCost }: { model: string; totalCost: number }) => [model, totalCost]),
      [
        ['gpt-image-1', 0.04],
        ['tts-1', 0.0225],
        ['gpt-5', 0.002254],
        ['gpt-5-2025-08-07', 0.000001],
        ['mystery-1', 0],
        ['mystery-2', 0],
      ],
    );
  });

  it('says nothing of prices where what was recorded is asked for', async () => {
    await enter({ model: '*', currency: 'EUR', inputPerMillion: 1, outputPerMillion: 1 });
    assert.deepEqual(
      { ...(await stats('cost=recorded')), asOf: '', window: '' },
      { ...(await stats('')), asOf: '', window: '' },
    );
    assert.equal('unpriced' in (await stats('')), false);
  });

  it('takes dollars by the rate of the day, of a day before where it has none, and says where there is none at all', async () => {
    await enter({ model: 'gpt-5', currency: 'USD', inputPerMillion: 1.25, outputPerMillion: 10 });
    assert.equal((await stats('cost=repriced')).unpriced.requests, 8);
    await databases()
      .backoffice('exchange_rates')
      .insert({ day: '2026-01-02', currency: 'USD', per_euro: '1.13607', imported_by: 'test' });
    const { totalCost, unpriced } = await stats('cost=repriced');
    // 2,250, 1.25 and 3.75 micro-dollars: 1,980.51, 1.10 and 3.30.
    assert.equal(totalCost, (1981 + 1 + 3) / 1e6);
    assert.equal(unpriced.requests, 5);
  });

  it('compares with costs of the same prices', async () => {
    await enter({ model: 'gpt-5', currency: 'EUR', inputPerMillion: 1.25, outputPerMillion: 10 });
    await insertUsage([{ model: 'gpt-5', input: 8, output: 0, cost: 1, at: addTime(now(), -26n * HOUR) }]);
    const { compared } = await stats('cost=repriced&period=1d&compare=previous');
    assert.deepEqual([compared.totalCost, compared.unpriced], [0.00001, { requests: 0, models: [] }]);
  });

  it('has each record by the price list, beside what was recorded; null where it has no price', async () => {
    await enter({ model: 'gpt-5', currency: 'EUR', inputPerMillion: 1.25, outputPerMillion: 10 });
    const answer = await client.json(
      'get',
      `${RECORDS}?cost=repriced&model=gpt-5&model=mystery-2&sortBy=inputTokens&period=1d`,
    );
    assertDescribed(RECORDS, answer);
    type RecordJson = { aiModel: string; estimatedCostInEuros: string | null; recordedCostInEuros: string };
    assert.deepEqual(
      answer.body.records
        .map(({ aiModel, estimatedCostInEuros, recordedCostInEuros }: RecordJson) => [
          aiModel,
          estimatedCostInEuros,
          recordedCostInEuros,
        ])
        .sort(),
      [
        ['gpt-5', '0.000004', 'no number'],
        ['gpt-5', '0.002250', '0.000077'],
        ['mystery-2', null, '0.000009'],
      ],
    );
    assert.deepEqual(answer.body.unpriced, { requests: 1, models: ['mystery-2'] });
  });

  it('takes recorded or repriced, and nothing else', async () => {
    for (const path of [STATS, RECORDS]) {
      const answer = await client.json('get', `${path}?cost=billed`);
      assert.equal(answer.status, 400);
      assert.match(JSON.stringify(answer.body), /cost.*takes recorded or repriced/);
    }
  });

  it('is to the micro-euro what was recorded, by the writer’s own prices and 0.92', () => {
    const none = { inputPerMillion: null, outputPerMillion: null, perImage: null, perThousandCharacters: null };
    const writers = {
      'gpt-5': { ...none, inputPerMillion: '1.15', outputPerMillion: '9.2', tokensPerImage: null },
      'gpt-5-mini': { ...none, inputPerMillion: '0.23', outputPerMillion: '1.84', tokensPerImage: null },
      'gemini-2.5-flash': { ...none, inputPerMillion: '0.276', outputPerMillion: '2.3', tokensPerImage: null },
      'gpt-image-1': { ...none, perImage: '0.03864', tokensPerImage: outputTokensOfImage('gpt-image-1') },
      'tts-1': { ...none, perThousandCharacters: '0.0138', tokensPerImage: null },
    };
    let halves = 0;
    for (const [model, rates] of Object.entries(writers)) {
      const price = rowPrice(rates, NO_EXCHANGE);
      for (let i = 0; i < 2_000; i++) {
        const [input, output] = [(i * 7919) % 100_003, (i * 104_729) % 9_973];
        const cost = costOfRow(price, input, output);
        const parts = 2 * (input * price.perInput + output * price.perOutput) + price.scale;
        // The writer's doubles fall to either side of a half.
        if (parts % (2 * price.scale) === 0) halves++;
        else assert.equal(cost, recordedCost(model, input, output), `${model} ${input} ${output}`);
      }
    }
    assert.ok(halves < 1_000, `${halves} of 10,000 are halves`);
  });
});
