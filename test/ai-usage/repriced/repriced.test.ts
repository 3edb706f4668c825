import assert from 'node:assert/strict';
import { addTime, HOUR, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openPage, tableOf, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const PATH = '/ai-usage/repriced';

describe('what was recorded beside the price list', () => {
  let client: Client;
  const noPrices = () => databases().backoffice.raw('TRUNCATE prices, exchange_rates');
  const texts = (rows: { text: string }[][] | undefined) => (rows ?? []).map((cells) => cells.map(({ text }) => text));

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const at = addTime(now(), -HOUR);
    await insertUsage([
      { model: 'gpt-5', action: 'chapter_writing', input: 1_000_000, output: 0, cost: 2_000_000, at },
      { model: 'tts-1', action: 'audio_generation', input: 100_000, output: 0, cost: 500_000, at },
      { model: 'mystery-1', action: 'test', cost: 10_000, at },
    ]);
  });
  beforeEach(noPrices);
  after(async () => {
    await resetUsage();
    await noPrices();
  });
  const enter = async (body: object) => {
    const answer = await client.json('post', '/api/prices', { from: '2026-01-01', currency: 'EUR', ...body });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  };

  it('says by how much they differ, by model, action and day; calls without a price are named and left out of it', async () => {
    await enter({ model: 'gpt-5', inputPerMillion: 1.25, outputPerMillion: 10 });
    await enter({ model: 'tts-1', perThousandCharacters: 0.006 });
    const page = await openPage(client, PATH);
    assert.equal(
      textOf(page.querySelector('.sum')),
      '€1.85 by the price list, €0.65 (26.0%) less than the €2.50 that were recorded of the same calls.',
    );
    assert.match(textOf(page.querySelector('.notice')), /knows nothing of 1 of these calls.*mystery-1.*Enter a price/);
    assert.deepEqual(texts(tableOf(page, 'By model').rows), [
      ['gpt-5', '1', '€2.00', '€1.25', '−€0.75', '−37.5%', '0', '€0.00'],
      ['tts-1', '1', '€0.50', '€0.60', '+€0.10', '+20.0%', '0', '€0.00'],
      ['mystery-1', '1', '€0.01', 'no price', '€0.00', '–', '1', '€0.01'],
    ]);
    assert.deepEqual(tableOf(page, 'By action').rows.length, 3);
    assert.deepEqual(tableOf(page, 'By day').rows.length, 1);
    const href = page.querySelector('table tbody th a')?.getAttribute('href') ?? '';
    assert.equal(href, `${PATH}?model=gpt-5`);
  });

  it('says that it can tell nothing where no call has a price', async () => {
    const page = await openPage(client, PATH);
    assert.match(textOf(page.querySelector('.empty')), /No prices for these calls.*Enter prices/);
  });

  it('says where it is the exchange rate that is missing, and no price', async () => {
    await enter({ model: 'gpt-5', currency: 'USD', inputPerMillion: 1.25, outputPerMillion: 10 });
    assert.match(textOf((await openPage(client, PATH)).querySelector('.empty')), /price of one of them is in dollars/);
    await enter({ model: 'tts-1', perThousandCharacters: 0.006 });
    assert.match(textOf((await openPage(client, PATH)).querySelector('.notice')), /1 of them has a price in dollars/);
  });

  it('stands in a line of the overview, which leads to it with its filters; without any price there is none', async () => {
    assert.equal((await openPage(client, '/ai-usage')).querySelector('.repriced'), null);
    await enter({ model: 'gpt-5', inputPerMillion: 1.25, outputPerMillion: 10 });
    const line = async (query: string) => {
      const found = (await openPage(client, `/ai-usage${query}`)).querySelector('.repriced');
      return [textOf(found), found?.querySelector('a')?.getAttribute('href')];
    };
    assert.deepEqual(await line(''), [
      '€1.25 by the price list, €0.75 (37.5%) less than the €2.00 that were recorded of the same calls. 2 more have no price. Compare Show these costs',
      PATH,
    ]);
    assert.deepEqual(await line('?model=tts-1&period=7d'), [
      'The price list has no price for any of these calls. Compare Show these costs',
      `${PATH}?period=7d&model=tts-1`,
    ]);
  });

  it('is a file of the same rows', async () => {
    await enter({ model: 'gpt-5', inputPerMillion: 1.25, outputPerMillion: 10 });
    const answer = await client.get(`${PATH}.json?model=gpt-5`);
    const { tables } = JSON.parse(answer.text);
    assert.deepEqual(
      tables.models.map(({ model, recorded, repriced, difference, differenceShare }: Record<string, unknown>) => [
        ...[model, recorded, repriced, difference, differenceShare],
      ]),
      [['gpt-5', '2.000000', '1.250000', '-0.750000', -0.375]],
    );
  });

  it('shows months where there are many days', async () => {
    await enter({ model: '*', from: '2020-01-01', inputPerMillion: 1, outputPerMillion: 1 });
    const daysAgo = Array.from({ length: 95 }, (_, i) => ({ at: addTime(now(), -BigInt(24 * i + 1) * HOUR) }));
    await insertUsage(daysAgo.map((one) => ({ ...one, model: 'of-many-days', input: 100, output: 0, cost: 1 })));
    const page = await openPage(client, `${PATH}?model=of-many-days&period=all`);
    const { rows } = tableOf(page, 'By month');
    assert.ok(rows.length >= 3 && rows.length <= 5, `${rows.length} months`);
    const requests = rows.map((cells) => Number(cells[1]?.text));
    assert.equal(
      requests.reduce((sum, one) => sum + one, 0),
      95,
    );
  });
});
