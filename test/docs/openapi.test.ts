import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DOCS, withFilters } from '../../scripts/docs/filters.ts';
import { PARAMETERS } from '../../src/query/query.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { type Client, createClient, RUI, sameSession, signedIn } from '../support/client.ts';
import { TRIED_VALUES } from '../support/filters.ts';
import { assertDescribed, document, nameOf, operation, validator } from '../support/openapi.ts';
import { insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const STATS = '/api/ai-usage/stats';
const RECORDS = '/api/ai-usage/records';

const parameterNames = (path: string) => operation(path).parameters.map(nameOf);

/** Values of each parameter that someone might try. Which are right, the document decides. */
const TRIED: Record<string, string[]> = {
  period: [
    ...['1d', '7d', '28d', '30d', '90d', 'all', 'none', '2d', '30', 'ALL', "30d'"],
    ...['today', 'yesterday', 'this-week', 'last-quarter', 'last-year', 'this-day', 'next-week'],
    ...[
      '2026-10-31',
      '2026-02-30',
      '2026-W44',
      '2026-W60',
      '2026-W00',
      '2026-10',
      '2026-13',
      '2026-Q3',
      '2026-Q5',
      '2026',
    ],
    ...['0001', '0001-W01', '202610', '2026-1', '20'],
  ],
  from: [
    '2026-03-29',
    '2026-03-29T00:30:00Z',
    '2026-03-29T00:30:00.123456+01:00',
    '2026-03-29T01:30',
    '2026-03-29T00:30:59.5',
    '2026-03-29T24:30',
    '2026-03-29T1:30',
    '2026-02-30',
    'yesterday',
    '29/03/2026',
  ],
  to: ['2026-10-25', '2026-10-25T02:00:00+00:00', '2026-13-01', '1761350400', '2026-10-25T25:00:00Z'],
  ...TRIED_VALUES,
  sortBy: [
    'createdAt',
    'aiModel',
    'action',
    'inputTokens',
    'outputTokens',
    'totalTokens',
    'estimatedCostInEuros',
    'cost',
  ],
  sortOrder: ['asc', 'desc', 'DESC', 'down'],
  page: ['1', '2', '1000000000', '1000000001', '0', '-1', 'abc', '1.5'],
  pageSize: ['1', '1000', '1001', '0', '-1', 'abc'],
  asOf: ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456+01:00', '2026-01-01', 'now'],
};

describe('what is written of filters', () => {
  for (const [path, places] of Object.entries(DOCS)) {
    it(`in ${path} is what the registry says: npm run docs writes it`, () => {
      const written = readFileSync(path, 'utf8');
      assert.equal(written, withFilters(written, places));
    });
  }
});

describe('docs/openapi.yaml', () => {
  let client: Client;
  let rows: UsageRow[];
  const get = (path: string, parameters: Record<string, string> | [string, string][] = {}) =>
    client.get(`${path}?${new URLSearchParams(parameters)}`, { Accept: 'application/json' });

  before(async () => {
    await resetUsage();
    rows = await insertUsage([
      {},
      { model: 'gemini-2.5-pro', action: 'story_outline', cost: 0, input: 0, output: 0 },
      { model: 'mystery', action: 'test', cost: -1 },
      { model: 'claude-opus', action: 'image_edit', cost: 9_999_999_999, input: 2_147_483_647, output: 2_147_483_647 },
      ...Array.from({ length: 5 }, (_, i) => ({ model: `imagen-${i}` })),
    ]);
    client = await signedIn((await sharedApp()).origin);
  });

  it('describes every parameter that the address takes, and no other', () => {
    assert.deepEqual(parameterNames(RECORDS).sort(), [...PARAMETERS, 'cost'].sort());
    assert.deepEqual(
      Object.entries(document.components.parameters).map(([key, { name }]) => [key, name]),
      Object.keys(document.components.parameters).map((key) => [key, key]),
    );
    const orderAndPage = ['sortBy', 'sortOrder', 'page', 'pageSize', 'after', 'before'];
    const ofStatistics = [...PARAMETERS.filter((name) => !orderAndPage.includes(name)), 'compare', 'cost'];
    assert.deepEqual(parameterNames(STATS).sort(), ofStatistics.sort());
  });

  it('describes what each parameter takes', async () => {
    const coercing = validator({ coerceTypes: 'array' });
    const cursors = ['after', 'before'];
    assert.deepEqual(Object.keys(TRIED).sort(), PARAMETERS.filter((name) => !cursors.includes(name)).sort());
    for (const [name, values] of Object.entries(TRIED)) {
      const { schema } = document.components.parameters[name] ?? assert.fail(name);
      const takes = coercing({ type: 'object', properties: { [name]: schema } });
      for (const value of values) {
        const expected = takes({ [name]: value }) ? 200 : 400;
        const answer = await get(RECORDS, { [name]: value });
        assert.equal(answer.status, expected, `${name}=${value}: ${JSON.stringify(answer.body)}`);
        assertDescribed(RECORDS, answer);
        if (answer.status === 400) {
          const details: { parameter: string }[] = answer.body.details;
          assert.deepEqual([...new Set(details.map(({ parameter }) => parameter))], [name]);
        }
        if (parameterNames(STATS).includes(name)) assertDescribed(STATS, await get(STATS, { [name]: value }));
      }
    }
  });

  it('describes several models and actions, and at most 50 of them', async () => {
    for (const name of ['model', 'action']) {
      const times = (count: number) => Array.from({ length: count }, (_, i): [string, string] => [name, `x${i}`]);
      assert.equal((await get(RECORDS, times(50))).status, 200);
      assert.equal((await get(RECORDS, times(51))).status, 400);
      assert.deepEqual(document.components.parameters[name]?.schema, {
        type: 'array',
        maxItems: 50,
        items: { type: 'string', maxLength: name === 'model' ? 100 : 63 },
      });
    }
  });

  it('describes statistics with and without records', async () => {
    const some = await get(STATS, { period: '1d' });
    assert.equal(some.body.totalRequests, rows.length);
    assertDescribed(STATS, some);
    const none = await get(STATS, { to: '1999-12-31' });
    assert.equal(none.body.totalRequests, 0);
    assertDescribed(STATS, none);
  });

  it('describes pages of records, and the cursors that lead through them', async () => {
    for (const sortBy of TRIED.sortBy?.slice(0, -1) ?? []) {
      const first = await get(RECORDS, { sortBy, pageSize: '4' });
      assert.equal(first.body.records.length, 4);
      assertDescribed(RECORDS, first);
      const second = await get(RECORDS, { sortBy, pageSize: '4', page: '2', after: first.body.after });
      assert.equal(second.body.records.length, 4);
      assertDescribed(RECORDS, second);
      const last = await get(RECORDS, { sortBy, pageSize: '4', page: '3', after: second.body.after });
      assert.deepEqual([last.body.records.length, last.body.after], [1, null]);
      assertDescribed(RECORDS, last);
      assertDescribed(RECORDS, await get(RECORDS, { sortBy, after: `no cursor of ${sortBy}` }));
    }
  });

  it('describes the answer to strangers', async () => {
    const stranger = createClient((await sharedApp()).origin);
    for (const path of [STATS, RECORDS]) {
      const answer = await stranger.get(path);
      assert.equal(answer.status, 401);
      assertDescribed(path, answer);
    }
  });

  it('describes the answer to someone whose domain is no longer allowed', async () => {
    for (const path of [STATS, RECORDS]) {
      const rui = await signedIn((await sharedApp()).origin, RUI);
      const strict = await startApp({ variables: { ALLOWED_DOMAINS: 'mythoria.pt' } });
      try {
        const later = sameSession(rui, strict.origin);
        const answer = await later.get(path);
        assert.equal(answer.status, 403);
        assertDescribed(path, answer);
      } finally {
        await strict.close();
      }
    }
  });

  it('describes the answer while the database is away', async () => {
    const app = await startApp({ urls: { workflows: 'postgres://nobody@127.0.0.1:1/nothing' } });
    try {
      const ana = await signedIn(app.origin);
      for (const path of [STATS, RECORDS]) {
        const answer = await ana.get(path);
        assert.equal(answer.status, 503);
        assert.ok(Number(answer.headers['retry-after']) > 0);
        assertDescribed(path, answer);
      }
    } finally {
      await app.close();
    }
  });
});
