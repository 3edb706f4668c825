import assert from 'node:assert/strict';
import { addTime, DAY_OF_24_HOURS, HOUR, isoFromInstant, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openPage, tableOf, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('what calls would cost at other models’ prices (/what-if)', () => {
  let client: Client;
  const noPrices = () => databases().backoffice.raw('TRUNCATE prices, exchange_rates');

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const at = addTime(now(), -2n * DAY_OF_24_HOURS);
    await insertUsage([
      { model: 'gpt-5', action: 'chapter_writing', input: 1_000_000, output: 200_000, cost: 2_000_000, at },
      { model: 'gpt-4', action: 'test', input: 500_000, output: 50_000, cost: 4_000_000, at },
      { model: 'tts-1', action: 'audio_generation', input: 5_000, output: 0, cost: 10_000, at },
      { model: 'mystery-1', action: 'test', cost: 10_000, at },
    ]);
  });
  beforeEach(noPrices);
  after(async () => {
    await resetUsage();
    await noPrices();
  });

  const enter = async (model: string, rates: object) => {
    const price = { model, from: '2020-01-01', currency: 'EUR', ...rates };
    assert.equal((await client.json('post', '/api/prices', price)).status, 201);
  };
  const enterAll = async () => {
    await enter('gpt-5', { inputPerMillion: 1.25, outputPerMillion: 10 });
    await enter('gpt-4', { inputPerMillion: 30, outputPerMillion: 60 });
    await enter('gpt-5-nano', { inputPerMillion: 0.05, outputPerMillion: 0.4 });
    await enter('gpt-*', { inputPerMillion: 9, outputPerMillion: 9 });
    await enter('tts-1', { perThousandCharacters: 0.015 });
  };

  it('prices the tokens of calls at each model that has a price by tokens, the cheapest first; others are left out and counted', async () => {
    await enterAll();
    const page = await openPage(client, '/what-if');
    assert.equal(
      textOf(page.querySelector('.sum')),
      '2 calls with 1,500,000 tokens in and 250,000 out cost €21.25 by the price list.',
    );
    assert.match(
      textOf(page.querySelector('.notice')),
      /2 more calls are priced by image or by characters, or not at all/,
    );
    assert.deepEqual(
      tableOf(page, 'At other models’ prices').rows.map((row) => row.map(({ text }) => text)),
      [
        ['gpt-5-nano', 'OpenAI', '€0.08', '€0.10', '€0.18', '−€21.08', '−99.2%'],
        ['gpt-5', 'OpenAI', '€1.88', '€2.50', '€4.38', '−€16.88', '−79.4%'],
        ['gpt-4', 'OpenAI', '€45.00', '€15.00', '€60.00', '+€38.75', '+182.4%'],
      ],
    );
  });

  it('is of a window and its filters, and says what a month at this pace comes to', async () => {
    await enterAll();
    const page = await openPage(client, '/what-if?model=gpt-5&period=30d');
    assert.match(textOf(page.querySelector('.sum')), /^1 call with .* cost €3\.25 by the price list\.$/);
    const ahead =
      page
        .querySelectorAll('p.window')
        .map(textOf)
        .find((text) => text.startsWith('At this pace')) ?? '';
    // Thirty days cost 3.25 and would 0.13: months have 28 to 31.
    const said =
      /comes to €(3\.\d\d) as now, and to €(0\.\d+) at the prices of gpt-5-nano; with twice the stories to €(6\.\d\d) and €(0\.\d+)\./.exec(
        ahead,
      );
    assert.ok(said, ahead);
    const [asNow, then, twice] = said.slice(1).map(Number) as [number, number, number];
    assert.ok(asNow >= 3.03 && asNow <= 3.36 && then >= 0.12 && then <= 0.14 && Math.abs(twice - 2 * asNow) < 0.015);
  });

  it('says nothing of a pace after less than a day, as a month and a day are that have just begun', async () => {
    await enterAll();
    const begin = addTime(now(), -49n * HOUR);
    const aheadOfHours = async (hours: bigint) => {
      const [from, to] = [begin, addTime(begin, hours * HOUR)].map(isoFromInstant);
      const page = await openPage(client, `/what-if?model=gpt-5&from=${from}&to=${to}`);
      assert.match(textOf(page.querySelector('.sum')), /^1 call with /);
      return page
        .querySelectorAll('p.window')
        .map(textOf)
        .filter((text) => text.startsWith('At this pace')).length;
    };
    assert.equal(await aheadOfHours(22n), 0);
    assert.equal(await aheadOfHours(24n), 1);
  });

  it('assumes openly what share of the tokens in was cached, on both sides; a model without such a price says so', async () => {
    await enter('gpt-5', { inputPerMillion: 1.25, cachedInputPerMillion: 0.125, outputPerMillion: 10 });
    await enter('gpt-4', { inputPerMillion: 30, outputPerMillion: 60 });
    await enter('gpt-5-nano', { inputPerMillion: 0.05, cachedInputPerMillion: 0.005, outputPerMillion: 0.4 });
    const page = await openPage(client, '/what-if?model=gpt-5&cached=40');
    // 600,000 at 1.25, 400,000 at 0.125, 200,000 out at 10.
    assert.equal(
      textOf(page.querySelector('.sum')),
      '1 call with 1,000,000 tokens in and 200,000 out cost €3.25 by the price list; had 40% of the tokens in been cached, €2.80.',
    );
    assert.match(textOf(page.querySelector('.panel .lead')), /assuming that 40% of the tokens in were cached/);
    assert.deepEqual(
      tableOf(page, 'At other models’ prices, 40% of tokens in cached').rows.map((row) => row.map(({ text }) => text)),
      [
        ['gpt-5-nano', 'OpenAI', '€0.03', '€0.08', '€0.11', '−€2.69', '−96.0%'],
        ['gpt-5', 'OpenAI', '€0.80', '€2.00', '€2.80', '€0.00', '0.0%'],
        ['gpt-4', 'OpenAI', '€30.00', '€12.00', '€42.00', '+€39.20', '–'],
      ],
    );
    const notes = page.querySelectorAll('.panel tbody .note').map(textOf);
    assert.deepEqual(notes, ['no price of cached input: all at that of input']);
    const field = page.querySelector('input[name=cached]');
    assert.equal(field?.getAttribute('value'), '40');
    const kept = page.querySelectorAll('form[aria-label="What is assumed"] input[type=hidden]');
    assert.deepEqual(
      kept.map((one) => [one.getAttribute('name'), one.getAttribute('value')]),
      [['model', 'gpt-5']],
    );
    const ahead = page
      .querySelectorAll('p.window')
      .map(textOf)
      .find((text) => text.startsWith('At this pace'));
    assert.match(
      ahead ?? '',
      /^At this pace, 40% of tokens in cached, .* comes to €2\.[5-9]\d as now, and to €0\.1\d+ at the prices of gpt-5-nano/,
    );

    const { manifest, tables } = JSON.parse((await client.get('/what-if.json?model=gpt-5&cached=40')).text);
    assert.equal(manifest.title, 'What if, 40% of tokens in cached');
    assert.deepEqual(
      tables.candidates.map(({ model, cost, difference, hasCachedPrice }: Record<string, unknown>) => [
        ...[model, cost, difference, hasCachedPrice],
      ]),
      [
        ['gpt-5-nano', '0.112000', '-2.688000', true],
        ['gpt-5', '2.800000', '0.000000', true],
        ['gpt-4', '42.000000', '39.200000', false],
      ],
    );
    for (const wrong of ['101', '-1', '1.5', 'x'])
      assert.equal((await client.get(`/what-if?cached=${wrong}`)).status, 400, wrong);
  });

  it('is a file of the same rows', async () => {
    await enterAll();
    const { tables } = JSON.parse((await client.get('/what-if.json?model=gpt-5')).text);
    assert.deepEqual(
      tables.candidates.map(({ model, cost, difference }: Record<string, unknown>) => [model, cost, difference]),
      [
        ['gpt-5-nano', '0.130000', '-3.120000'],
        ['gpt-5', '3.250000', '0.000000'],
        ['gpt-4', '42.000000', '38.750000'],
      ],
    );
  });

  it('says that it can tell nothing without a price by tokens', async () => {
    await enter('tts-1', { perThousandCharacters: 0.015 });
    const page = await openPage(client, '/what-if');
    assert.match(textOf(page.querySelector('.empty')), /No prices by tokens for these calls/);
  });
});
