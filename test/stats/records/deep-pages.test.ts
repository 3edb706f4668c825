import assert from 'node:assert/strict';
import { SORT_COLUMNS, SORT_KEYS, SORTS } from '../../../src/query/sorts.ts';
import { RECOMMENDED_INDEXES } from '../../../src/stats/indexes.ts';
import { gapOf } from '../../../src/stats/records/record-reach.ts';
import { isoFromInstant, now } from '../../../src/units/time.ts';
import type { RecordsJson } from '../../support/api-types.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { linkTo, openJson, openPage, recordIds, textOf } from '../../support/page.ts';
import { needsServer } from '../../support/skip.ts';
import { coverUsage, resetUsage } from '../../support/usage.ts';

const PATH = '/ai-usage/records';
const AUTHOR = '00000000-0000-4000-8000-000000000001';

/** Records over some days with few different costs and tokens, so that ties reach over many pages. */
async function insertMany(count: number): Promise<void> {
  const { workflows, mythoria } = databases();
  for (let first = 1; first <= count; first += 5_000) {
    await workflows.raw(
      `INSERT INTO token_usage_tracking
       (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
     SELECT (ARRAY['${AUTHOR}', '00000000-0000-4000-8000-000000000002'])[1 + (n % 20 = 0)::int]::uuid, gen_random_uuid(),
            (ARRAY['test', 'image_edit'])[1 + n % 2]::ai_action_type, (ARRAY['gpt-5', 'tts-1', 'anna'])[1 + n % 3],
            n * 7 % 11, n % 5, (n * 31 % 4000) / 1e6, '{}', now() - interval '1 hour' - n * interval '9 seconds'
       FROM generate_series(?::int, ?::int) AS n`,
      [first, Math.min(count, first + 4_999)],
    );
  }
  await mythoria('authors').insert({ author_id: AUTHOR, display_name: 'Anna', email: 'anna@example.com' });
  await workflows.raw('ANALYZE token_usage_tracking');
}

/** All ids of a filter in an order, by plain SQL. */
async function idsInOrder(sortBy: (typeof SORT_KEYS)[number], sortOrder: string, where: string): Promise<string[]> {
  const order = [...SORTS[sortBy].map((column) => SORT_COLUMNS[column].sql), 'token_usage_id'];
  const { rows } = await databases().workflows.raw<{ rows: { id: string }[] }>(
    `SELECT token_usage_id AS id FROM token_usage_tracking WHERE ${where} ORDER BY ${order.map((one) => `${one} ${sortOrder}`).join(', ')}`,
  );
  return rows.map(({ id }) => id);
}

describe('pages more than 10,000 records deep', () => {
  let client: Client;
  const COUNT = 13_010;

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertMany(COUNT);
    await coverUsage();
  });
  after(resetUsage);

  // A name of a model, the beginning of an id (only raw rows tell), both in one search, an author, and none.
  const some = ['createdAt', 'action', 'inputTokens'] as const;
  const FILTERS: [query: string, where: string, orders: readonly (typeof SORT_KEYS)[number][]][] = [
    ['', 'true', SORT_KEYS],
    ['search=t', `ai_model LIKE '%t%' OR action IN ('test', 'image_edit')`, some],
    ['search=anna', `ai_model = 'anna' OR author_id = '${AUTHOR}'`, SORT_KEYS],
    [`author=${AUTHOR}`, `author_id = '${AUTHOR}'`, some],
    [`author=${AUTHOR}&action=test&action=image_edit&search=00000000`, `author_id = '${AUTHOR}'`, some],
  ];

  for (const [filter, where, orders] of FILTERS) {
    it(`open by their number in every order, the last one too: ${filter.replace(AUTHOR, '…') || 'no filter'}`, async () => {
      const asOf = isoFromInstant(now());
      for (const sortBy of orders) {
        const sortOrder = sortBy.length % 2 === 0 ? 'asc' : 'desc';
        const expected = await idsInOrder(sortBy, sortOrder, where);
        assert.ok(expected.length > 12_000);
        const query = `${filter}&period=90d&sortBy=${sortBy}&sortOrder=${sortOrder}&pageSize=1000&asOf=${asOf}`;
        const last = Math.ceil(expected.length / 1000);
        for (const page of [11, 12, last]) {
          const answer = await openJson<RecordsJson>(client, `/api${PATH}?${query}&page=${page}`);
          const from = (page - 1) * 1000;
          const ids = answer.records.map(({ tokenUsageId }) => tokenUsageId);
          assert.deepEqual(ids, expected.slice(from, from + 1000), `${sortBy} ${sortOrder}, page ${page}`);
          assert.equal(answer.totalPages, last);
          assert.equal(answer.pagesWithoutNumber, null);
          assert.equal(answer.after === null, page === last);
        }
      }
    });
  }

  it('open where the filter has few of the many records that an index in that order holds', async () => {
    const { workflows } = databases();
    const index = RECOMMENDED_INDEXES.find(({ keys }) => keys[0] === 'estimated_cost_in_euros');
    const expected = await idsInOrder('estimatedCostInEuros', 'desc', 'true');
    await workflows.raw(index?.statement ?? '');
    try {
      await workflows.raw(`UPDATE pg_class SET reltuples = 1e9 WHERE oid = 'token_usage_tracking'::regclass`);
      for (const page of [11, 12, 14]) {
        const query = `period=90d&sortBy=estimatedCostInEuros&pageSize=1000&page=${page}`;
        const { records } = await openJson<RecordsJson>(client, `/api${PATH}?${query}`);
        const ids = records.map(({ tokenUsageId }) => tokenUsageId);
        assert.deepEqual(ids, expected.slice((page - 1) * 1000, page * 1000), `page ${page}`);
      }
    } finally {
      await workflows.raw(`DROP INDEX ${index?.name}`);
      await workflows.raw('ANALYZE token_usage_tracking');
    }
  });

  it('are what the pager offers and nothing else, and past the last there is no such page', async () => {
    for (const query of ['sortBy=estimatedCostInEuros', 'search=anna', 'search=anna&sortBy=totalTokens']) {
      const address = `${PATH}?${query}&period=90d&pageSize=200`;
      const first = await openPage(client, address);
      const last = first.querySelectorAll('.pager > a.page').at(-1);
      const end = await openPage(client, last?.getAttribute('href') ?? '');
      assert.equal(textOf(end.querySelector('.pager [aria-current=page]')), textOf(last ?? null));
      assert.ok(recordIds(end).length > 0);
      assert.equal(linkTo(end, 'a[rel=next]'), null);
      const beyond = await openPage(client, `${address}&page=${Number(textOf(last ?? null)) + 1}`);
      assert.equal(textOf(beyond.querySelector('.empty h2')), 'There is no such page');
      const back = await openPage(client, linkTo(beyond, '.empty a') ?? '');
      assert.deepEqual(recordIds(back), recordIds(end));
    }
  });
});

describe('pages that an order would take too long to reach', () => {
  let client: Client;
  const COUNT = 151_500;
  const BY_COST = 'sortBy=estimatedCostInEuros&period=90d';

  before(async function () {
    // It takes many records, which the embedded database would be too long about.
    needsServer(this);
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertMany(COUNT);
    await coverUsage();
  });
  after(resetUsage);

  it('are not offered, and page and API say so in the same words', async () => {
    const expected = await idsInOrder('estimatedCostInEuros', 'desc', 'true');
    const api = `/api${PATH}?${BY_COST}&pageSize=1000`;
    const { totalPages, pagesWithoutNumber: gap } = await openJson<RecordsJson>(client, api);
    assert.equal(totalPages, 152);
    assert.deepEqual([gap?.from, gap?.to], [12, 141]);
    const idsOf = ({ records }: RecordsJson) => records.map(({ tokenUsageId }) => tokenUsageId);
    const pages = new Map<number, RecordsJson>();
    for (const page of [11, 142, 152]) {
      const answer = await openJson<RecordsJson>(client, `${api}&page=${page}`);
      assert.deepEqual(idsOf(answer), expected.slice((page - 1) * 1000, page * 1000), `page ${page}`);
      pages.set(page, answer);
    }
    const walked = await openJson<RecordsJson>(client, `${api}&page=12&after=${pages.get(11)?.after}`);
    assert.deepEqual(idsOf(walked), expected.slice(11_000, 12_000));
    const back = await openJson<RecordsJson>(client, `${api}&page=141&before=${pages.get(142)?.before}`);
    assert.deepEqual(idsOf(back), expected.slice(140_000, 141_000));
    for (const page of [12, 80, 141]) {
      const refused = await client.get(`${api}&page=${page}`);
      assert.equal(refused.status, 400);
      assert.deepEqual(refused.body.details, [{ parameter: 'page', message: gap?.message }]);
    }

    const address = `${PATH}?${BY_COST}&pageSize=200`;
    const small = await openJson<RecordsJson>(client, `/api${address}`);
    const words = small.pagesWithoutNumber?.message ?? '';
    assert.match(words, /^Pages 52 to 707 have no number in this order/);
    const first = await openPage(client, address);
    assert.ok(textOf(first).includes(words));
    const refused = await openPage(client, `${address}&page=300`);
    assert.equal(textOf(refused.querySelector('.empty p')), words);
    for (const link of refused.querySelectorAll('.empty a'))
      assert.equal(recordIds(await openPage(client, link.getAttribute('href') ?? '')).length, 200);

    // Walked into, a page opens again by its own link, and the pager names none that does not.
    const edge = await openPage(client, `${address}&page=51`);
    const inside = await openPage(client, linkTo(edge, 'a[rel=next]') ?? '');
    const numbers = inside.querySelectorAll('.pager > a.page');
    assert.deepEqual(numbers.map(textOf), ['1', '50', '51', '52', '758']);
    for (const link of numbers)
      assert.ok(recordIds(await openPage(client, link.getAttribute('href') ?? '')).length > 0, textOf(link));
  });

  it('have their numbers in orders by time, model and action, and where the source has an index in that order', async () => {
    const { workflows } = databases();
    const index = RECOMMENDED_INDEXES.find(({ keys }) => keys[0] === 'estimated_cost_in_euros');
    for (const query of ['period=90d', 'period=90d&sortBy=aiModel', 'period=90d&sortBy=action']) {
      const answer = await openJson<RecordsJson>(client, `/api${PATH}?${query}&pageSize=1000&page=80`);
      assert.equal(answer.records.length, 1000);
      assert.equal(answer.pagesWithoutNumber, null);
    }
    await workflows.raw(index?.statement ?? '');
    try {
      const expected = await idsInOrder('estimatedCostInEuros', 'desc', 'true');
      for (const page of [70, 80, 152]) {
        const answer = await openJson<RecordsJson>(client, `/api${PATH}?${BY_COST}&pageSize=1000&page=${page}`);
        const ids = answer.records.map(({ tokenUsageId }) => tokenUsageId);
        assert.deepEqual(ids, expected.slice((page - 1) * 1000, page * 1000), `page ${page}`);
      }
    } finally {
      await workflows.raw(`DROP INDEX ${index?.name}`);
    }
  });

  it('are those with more than so many records between them and either end', () => {
    for (const [total, pageSize, reach] of [
      [100, 10, 20],
      [101, 10, 20],
      [45, 7, 13],
      [40, 10, 20],
      [41, 1, 20],
      [42, 1, 20],
    ] as const) {
      const refused = Array.from({ length: Math.ceil(total / pageSize) }, (_, i) => i + 1).filter(
        (page) => (page - 1) * pageSize > reach && total - page * pageSize > reach,
      );
      const gap = gapOf(total, pageSize, reach);
      assert.deepEqual(gap, refused.length === 0 ? null : { from: refused[0], to: refused.at(-1) }, `${total}`);
    }
  });
});
