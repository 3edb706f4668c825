import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { ORDER_AND_PAGE, PARAMETERS } from '../../src/query/query.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, HTMX_FRAGMENT, location, signedIn } from '../support/client.ts';
import { linkTo, openPage, textOf } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const PAGES = ['/ai-usage', '/ai-usage/records'];
const APIS = ['/api/ai-usage/stats', '/api/ai-usage/records'];

const UUID = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const BAD: [parameters: string, parameter: string, takes: RegExp][] = [
  ['period=2d', 'period', /1d, 7d, 28d, 30d, 90d, all, today, .*this-month.*2026-W44.*2026-Q3/],
  ['period=2026-W60', 'period', /2026-W44.*there is no week 2026-W60/],
  ['period=2025-W53', 'period', /there is no week 2025-W53/],
  ['period=2026-W00', 'period', /there is no week/],
  ['period=2026-13', 'period', /2026-10.*there is no month 2026-13/],
  ['period=2026-00', 'period', /there is no month/],
  ['period=2026-02-30', 'period', /2026-10-31.*there is no day 2026-02-30/],
  ['period=2026-Q5', 'period', /2026-Q3.*there is no quarter 2026-Q5/],
  ['period=2026-Q0', 'period', /there is no quarter/],
  ['period=%2B294277', 'period', /294276-12-31; there is no year \+294277/],
  ['period=-004714', 'period', /-004713-11-24.*there is no year -004714/],
  ['period=-004713-10', 'period', /there is no month/],
  ['period=202610', 'period', /2026-10/],
  ['period=2026-w44', 'period', /2026-W44/],
  ['period=2026-1', 'period', /2026-10/],
  ['period=26', 'period', /2026/],
  ['period=tomorrow', 'period', /today/],
  ['period=2026-10&from=2026-10-01', 'period', /goes without from and to/],
  ['period=30D', 'period', /1d, 7d/],
  ['period=30d&from=2026-10-01', 'period', /goes without from and to/],
  ['from=yesterday', 'from', /2026-10-31/],
  ['from=2026-02-30', 'from', /2026-10-31/],
  ['to=2026-10-31T24:00', 'to', /2026-10-31T10:00/],
  ['to=2026-10-31 10:00', 'to', /offset/],
  ['from=2026-02-30T10:00', 'from', /business time/],
  ['to=-004713-11-23', 'to', /-004713-11-24 to \+294276-12-31/],
  ['from=2026-10-31&to=2026-10-30', 'from', /before to/],
  ['from=2026-10-31T10:00:00Z&to=2026-10-31T10:00:00Z', 'from', /before to/],
  ['asOf=2199-01-01T00:00:00Z', 'asOf', /past/],
  ['asOf=2026-10-31', 'asOf', /instant/],
  ['asOf=2026-10-31T10:00:00Z&counted=12', 'counted', /12~3.400000/],
  [`model=${'x'.repeat(101)}`, 'model', /100 characters/],
  ['model=gpt%00', 'model', /model name/],
  [`${'model=m&'.repeat(51)}`.replace(/m&/g, () => `m${Math.random()}&`), 'model', /50/],
  [`action=${'x'.repeat(64)}`, 'action', /63 characters/],
  ['author=ana', 'author', /6f9619ff-8b86/],
  [`author=${UUID}0`, 'author', /whole id/],
  ['story=%00', 'story', /whole id/],
  [`search=${'x'.repeat(201)}`, 'search', /200 characters/],
  ['search=%00', 'search', /text/],
  ['sortBy=cost', 'sortBy', /createdAt, aiModel, action, inputTokens, outputTokens, totalTokens, estimatedCostInEuros/],
  ['sortBy=__proto__', 'sortBy', /createdAt/],
  ['sortOrder=DESC', 'sortOrder', /asc, desc/],
  ['page=0', 'page', /whole number from 1/],
  ['page=-1', 'page', /whole number from 1/],
  ['page=1.5', 'page', /whole number from 1/],
  ['page=1e3', 'page', /whole number from 1/],
  ['page=99999999999', 'page', /whole number from 1/],
  ['pageSize=abc', 'pageSize', /whole number from 1 to/],
  ['pageSize=0', 'pageSize', /whole number from 1 to/],
  ['pageSize=1001', 'pageSize', /whole number from 1 to/],
  ['after=nonsense', 'after', /next or previous link/],
  [`sortBy=inputTokens&after=abc~${UUID}`, 'after', /next or previous link/],
  [`after=2026-10-31T10:00:00.000Z~${UUID}&before=2026-10-31T10:00:00.000Z~${UUID}`, 'before', /without after/],
  ['page=1&page=2', 'page', /more than once/],
  ['search=a&search=b', 'search', /more than once/],
  ['period=7d&period=7d', 'period', /more than once/],
];

describe('a bad value', () => {
  let client: Client;
  before(async () => {
    await resetUsage();
    client = await signedIn((await sharedApp()).origin);
  });

  it('is a 400 of the API that names the parameter and what it takes', async () => {
    for (const path of APIS) {
      for (const [parameters, parameter, takes] of BAD) {
        if (!PARAMETERS.includes(parameter)) continue;
        // What is not used is refused as that, whatever its value.
        if (path.endsWith('/stats') && ORDER_AND_PAGE.some((name) => parameters.includes(`${name}=`))) continue;
        const response = await client.get(`${path}?${parameters}`);
        assert.equal(response.status, 400, `${path}?${parameters}`);
        const { error, details, ...more } = response.body;
        assert.equal(error, 'Bad request');
        assert.deepEqual(more, {});
        assert.equal(details.length, 1, `${parameters}: ${JSON.stringify(details)}`);
        assert.deepEqual(Object.keys(details[0]), ['parameter', 'message']);
        assert.equal(details[0].parameter, parameter);
        assert.match(details[0].message, takes);
      }
    }
  });

  it('is a 400 page that lists the parameter and what it takes', async () => {
    for (const path of PAGES) {
      for (const [parameters, parameter, takes] of BAD) {
        const response = await client.get(`${path}?${parameters}`);
        assert.equal(response.status, 400, `${path}?${parameters}`);
        const problems = parse(response.text).querySelectorAll('.problems li');
        assert.equal(problems.length, 1, parameters);
        assert.equal(textOf(problems[0]?.querySelector('code') ?? null), parameter);
        assert.match(textOf(problems[0] ?? null), takes);
      }
    }
  });

  it('is one of several: all are named', async () => {
    const response = await client.get('/api/ai-usage/records?page=abc&sortBy=cost&from=x&asOf=y');
    assert.equal(response.status, 400);
    const named = (response.body.details as { parameter: string }[]).map(({ parameter }) => parameter);
    assert.deepEqual(named.sort(), ['asOf', 'from', 'page', 'sortBy']);
  });

  it('leaves the address bar alone where htmx asked', async () => {
    const response = await client.get('/ai-usage?period=2d', HTMX_FRAGMENT);
    assert.equal(response.status, 400);
    assert.equal(response.headers['hx-push-url'], 'false');
  });
});

describe('limits of a page', () => {
  let client: Client;
  before(async () => {
    await resetUsage();
    await insertUsage(Array.from({ length: 5 }, () => ({})));
    client = await signedIn((await sharedApp()).origin);
  });

  it('are 200 rows, and 1,000 for the API', async () => {
    const status = async (path: string) => (await client.get(path)).status;
    assert.equal(await status('/ai-usage/records?pageSize=200'), 200);
    assert.equal(await status('/ai-usage/records?pageSize=201'), 400);
    assert.equal(await status('/api/ai-usage/records?pageSize=1000'), 200);
    assert.equal(await status('/api/ai-usage/records?pageSize=1001'), 400);
  });

  it('a page past the end links to the last one instead of showing an empty table', async () => {
    for (const number of [4, 1_000_000_000]) {
      const page = await openPage(client, `/ai-usage/records?pageSize=2&page=${number}&model=gpt-5`);
      assert.equal(page.querySelector('table'), null);
      assert.equal(textOf(page.querySelector('.empty h2')), 'There is no such page');
      const last = linkTo(page, '.empty a');
      assert.equal(last, '/ai-usage/records?model=gpt-5&page=3&pageSize=2');
      const rows = (await openPage(client, last ?? '')).querySelectorAll('tbody tr');
      assert.equal(rows.length, 1);
    }
  });
});

describe('empty fields of a form', () => {
  let client: Client;
  before(async () => {
    await resetUsage();
    client = await signedIn((await sharedApp()).origin);
  });

  const SUBMITTED = 'model=&action=&search=&period=7d&page=1';
  const SHORT = '?period=7d';

  it('redirect to the short address', async () => {
    for (const path of PAGES) {
      const response = await client.get(`${path}?${SUBMITTED}`);
      assert.equal(response.status, 302);
      assert.equal(location(response), `${path}${SHORT}`);
      assert.equal((await client.get(location(response))).status, 200);
    }
  });

  it('push the short address where htmx asked for the fragment', async () => {
    for (const path of PAGES) {
      const response = await client.get(`${path}?${SUBMITTED}`, HTMX_FRAGMENT);
      assert.equal(response.status, 200);
      assert.equal(response.headers['hx-push-url'], `${path}${SHORT}`);
    }
  });

  it('also beside other values of the same name', async () => {
    const response = await client.get('/ai-usage?model=&model=gpt-5&model=tts-1&action=test&search=x');
    assert.equal(location(response), '/ai-usage?model=gpt-5&model=tts-1&action=test&search=x');
  });

  it('keep page and cursor, and mean "not given" to the API', async () => {
    const cursor = `2026-10-31T10:00:00.000Z~${UUID}`;
    const response = await client.get(`/ai-usage/records?search=&page=2&after=${cursor}`);
    assert.equal(location(response), `/ai-usage/records?page=2&${new URLSearchParams({ after: cursor })}`);
    assert.equal((await client.get('/api/ai-usage/records?page=&pageSize=&author=&from=&asOf=')).status, 200);
  });
});
