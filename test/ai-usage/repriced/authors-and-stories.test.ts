import assert from 'node:assert/strict';
import { addDays, dayOf, now, postgresFromInstant, startOfDay } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { columnOf, integerOf, microOf, openPage, tableOf, textOf, totalOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const COST = 'cost=repriced';
const MANY = 60;
const id = (kind: string, number: number) => `${kind}${String(number).padStart(7, '0')}-0000-4000-8000-000000000000`;
const KINDS = [
  ['authors', 'Authors', 'Author'],
  ['stories', 'Stories', 'Story'],
] as const;
const noPrices = () => databases().backoffice.raw('TRUNCATE prices, exchange_rates');
const today = dayOf(now(), 'Europe/Lisbon');
const startOf = (daysAgo: number) => startOfDay(addDays(today, -daysAgo), 'Europe/Lisbon');

/** A micro-euro and a half each token in, halves up. */
const priceOf = (input: number) => Math.floor((3 * input + 1) / 2);

async function pricedClient(): Promise<Client> {
  const client = await signedIn((await sharedApp()).origin);
  await resetUsage();
  await noPrices();
  const price = { model: 'gpt-5', from: '2020-01-01', currency: 'EUR', inputPerMillion: 1.5, outputPerMillion: 10 };
  assert.equal((await client.json('post', '/api/prices', price)).status, 201);
  return client;
}

for (const [how, cover] of [
  ['raw', async () => {}],
  ['rolled up', coverUsage],
] as const) {
  describe(`authors and stories beside each other by the price list, ${how}`, () => {
    let client: Client;
    /** Ten days, compared with the ten before. */
    const view = `from=${addDays(today, -9)}&to=${today}&${COST}`;
    const inputsOf = (i: number) => (i === MANY - 1 ? [] : [1_000 * (MANY - i) + 1, 2 * i + 1, 7]);
    const inputsBefore = (i: number) => (i % 2 === 0 ? [501 + 2 * i] : []);
    const unpricedOf = (i: number) => (i === MANY - 1 ? 2 : i % 10 === 0 ? 1 : 0);
    const sum = (some: number[]) => some.reduce((all, one) => all + one, 0);
    const costOf = (i: number) => sum(inputsOf(i).map(priceOf));
    const costBefore = (i: number) => sum(inputsBefore(i).map(priceOf));
    const all = Array.from({ length: MANY }, (_, i) => i);
    const total = sum(all.map(costOf));
    const totalBefore = sum(all.map(costBefore));
    /** Those that cost most were recorded as such, and are the last by the price list. */
    const inOrder = all.toReversed();

    before(async () => {
      client = await pricedClient();
      await insertUsage(
        all.flatMap((i) => {
          const of = { author: id('a', i), story: id('b', i), output: 0, cost: 0 };
          const [first, ...others] = [
            ...inputsOf(i).map((input) => ({ ...of, input, at: startOf(0) })),
            ...Array.from({ length: unpricedOf(i) }, () => ({ ...of, model: 'mystery-1', at: startOf(0) })),
            ...inputsBefore(i).map((input) => ({ ...of, input, at: startOf(10) })),
          ];
          return [{ ...first, cost: 1_000 * (i + 1) }, ...others];
        }),
      );
      await cover();
    });
    after(async () => {
      await resetUsage();
      await noPrices();
    });

    for (const [path, title, label] of KINDS) {
      const kind = label.toLowerCase();

      it(`${path}: a file has each one's calls rounded one by one, what they were before, and how many have no price`, async () => {
        const answer = await client.get(`/ai-usage/${path}.json?${view}`);
        const { tables, manifest } = JSON.parse(answer.text);
        assert.deepEqual(
          tables[path].map((row: Record<string, unknown>) => [
            row[`${kind}Id`],
            ...[row.cost, row.costBefore].map((cost) => microOf(`€${cost}`)),
            row.unpricedRequests,
          ]),
          inOrder.map((i) => [id(kind === 'author' ? 'a' : 'b', i), costOf(i), costBefore(i), unpricedOf(i)]),
        );
        assert.equal(microOf(`€${manifest.totalCost}`), total);
        assert.deepEqual(manifest.unpriced, { requests: sum(all.map(unpricedOf)), models: ['mystery-1'] });
        const recorded = JSON.parse((await client.get(`/ai-usage/${path}.json?${view.replace(COST, '')}`)).text);
        assert.equal('unpricedRequests' in recorded.tables[path][0], false);
      });

      it(`${path}: each page of the list and the others have the total of the price list, in the order of recorded costs`, async () => {
        for (const [page, named] of [
          [1, inOrder.slice(0, 50)],
          [2, inOrder.slice(50)],
        ] as const) {
          const opened = await openPage(client, `/ai-usage/${path}?${view}&page=${page}`);
          const table = tableOf(opened, title);
          const costs = columnOf(table, 'Cost').map(({ micro }) => micro);
          assert.deepEqual(costs.slice(0, -1), named.map(costOf));
          assert.equal(sum(costs as number[]), total);
          assert.equal(totalOf(table, 'Cost').micro, total);
          assert.deepEqual(
            columnOf(table, label)
              .slice(0, -1)
              .map(({ flag }) => flag),
            named.map((i) => (i === MANY - 1 ? 'no price' : unpricedOf(i) === 1 ? '1 without a price' : null)),
          );
          assert.match(textOf(opened.querySelector('#order')), /stand in the order of their recorded costs\.$/);
        }
        assert.equal(totalBefore > 0, true);
      });

      it(`${path}: they stand in the overview, and in its file`, async () => {
        const opened = await openPage(client, `/ai-usage?${view}&breakdown=${kind}`);
        const costs = columnOf(tableOf(opened, title), 'Cost').map(({ micro }) => micro as number);
        assert.deepEqual(costs.slice(0, 50), inOrder.slice(0, 50).map(costOf));
        assert.equal(sum(costs), total);
        assert.match(textOf(opened.querySelector('.beside .lead')), /in the order of their recorded costs/);
        const byTokens = await openPage(client, `/ai-usage?${view}&breakdown=${kind}&rankBy=inputTokens`);
        assert.equal(byTokens.querySelector('.beside .lead'), null);
        const { tables } = JSON.parse(
          (await client.get(`/ai-usage.json?${view}&breakdown=${kind}&table=breakdown`)).text,
        );
        const rows: Record<string, string>[] = tables.breakdown;
        assert.deepEqual(
          rows.map(({ cost }) => microOf(`€${cost}`)),
          costs,
        );
        assert.equal(sum(rows.map(({ costBefore }) => microOf(`€${costBefore}`))), totalBefore);
        assert.equal(sum(rows.map(({ unpricedRequests }) => Number(unpricedRequests))), sum(all.map(unpricedOf)));
      });
    }

    it('the stories of an action add up to it by the price list, on its page and in its file', async () => {
      const opened = await openPage(client, `/ai-usage/actions/chapter_writing?${view}`);
      const table = tableOf(opened, 'Top stories');
      const costs = columnOf(table, 'Cost').map(({ micro }) => micro as number);
      assert.deepEqual(costs.slice(0, 20), inOrder.slice(0, 20).map(costOf));
      assert.equal(sum(costs), total);
      assert.equal(totalOf(table, 'Cost').micro, total);
      assert.deepEqual(
        columnOf(table, 'Story')
          .slice(0, 20)
          .map(({ flag }) => flag),
        inOrder
          .slice(0, 20)
          .map((i) => (i === MANY - 1 ? 'no price' : unpricedOf(i) === 1 ? '1 without a price' : null)),
      );
      const lead = textOf(opened.querySelector('.top-stories .lead'));
      const spread =
        /^In the order of their recorded costs\. 60 stories: half of them cost at most €([\d.]+), nine in ten at most €([\d.]+)\.$/.exec(
          lead,
        );
      const ascending = all.map(costOf).sort((a, b) => a - b);
      for (const [i, place] of [30, 54].entries())
        assert.ok(Math.abs(Number(spread?.[i + 1]) * 1e6 - (ascending[place - 1] as number)) <= 5_000, lead);
      const file = await client.get(`/ai-usage/actions/chapter_writing.json?${view}&table=stories`);
      const { tables, manifest } = JSON.parse(file.text);
      const rows: Record<string, string>[] = tables.stories;
      assert.deepEqual(
        rows.map(({ cost }) => microOf(`€${cost}`)),
        costs,
      );
      assert.equal(sum(rows.map(({ unpricedRequests }) => Number(unpricedRequests))), sum(all.map(unpricedOf)));
      assert.equal(microOf(`€${manifest.totalCost}`), total);
    });
  });
}

describe('authors and stories of very many calls by the price list', () => {
  let client: Client;
  const view = `from=${addDays(today, -1)}&to=${today}&compare=none&${COST}`;
  /** The first two have as many together as are priced. */
  const CALLS = [150_000, 50_000, 2, 1];

  before(async () => {
    client = await pricedClient();
    await databases().workflows.transaction(async (transaction) => {
      await transaction.raw('SET LOCAL statement_timeout = 0');
      for (const [i, calls] of CALLS.entries())
        await transaction.raw(
          `INSERT INTO token_usage_tracking
             (token_usage_id, author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
           SELECT gen_random_uuid(), ?, ?, 'test', 'gpt-5', 1, 0, ?, '{}', ? FROM generate_series(1, ?)`,
          [id('a', i), id('b', i), CALLS.length - i, postgresFromInstant(startOf(0)), calls],
        );
    });
  });
  after(async () => {
    await resetUsage();
    await noPrices();
  });

  it('names so many as have 200,000 calls together, and says that the others stand in one line', async () => {
    for (const [path, title] of KINDS) {
      const opened = await openPage(client, `/ai-usage/${path}?${view}`);
      const table = tableOf(opened, title);
      assert.deepEqual(
        columnOf(table, 'Requests').map(({ text }) => integerOf(text)),
        [150_000, 50_000, 3],
      );
      assert.deepEqual(
        columnOf(table, 'Cost').map(({ micro }) => micro),
        [300_000, 100_000, 6],
      );
      assert.match(
        textOf(opened),
        new RegExp(`2 more ${path} stand among the others: a list prices 200,000 calls one by one`),
      );
      const { tables } = JSON.parse((await client.get(`/ai-usage/${path}.json?${view}`)).text);
      assert.deepEqual(
        tables[path].map(({ cost, others }: Record<string, unknown>) => [cost, others]),
        [
          ['0.300000', null],
          ['0.100000', null],
          ['0.000006', 2],
        ],
      );
    }
  });
});
