import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createAccount } from '../../src/measuring/account.ts';
import { createMetrics } from '../../src/measuring/metrics.ts';
import { BOUNDS_MS } from '../../src/measuring/recent.ts';
import { keepSystem, type OwnProcess } from '../../src/system/keep.ts';
import { quantileOf, readRouteTimes, shareWithin } from '../../src/system/response-times.ts';
import { now } from '../../src/units/time.ts';
import { createLog } from '../../src/web/log.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Client, createClient, signIn } from '../support/client.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { openPage, tableOf, textOf } from '../support/page.ts';
import { type DatabaseProxy, startProxy } from '../support/proxy.ts';
import { withClockMoved } from '../support/session.ts';
import { emptied } from '../support/usage.ts';

const AN_HOUR_MS = 3_600_000;
const SYSTEM_TABLES = ['response_times', 'slow_requests', 'failures', 'processes'];

describe('the page of the system', () => {
  let app: RunningApp;
  let proxy: DatabaseProxy;
  let client: Client;
  let own: OwnProcess;
  const backoffice = () => databases().backoffice;
  const keep = (stopped = false) => keepSystem(backoffice(), own, stopped);

  before(async () => {
    proxy = await startProxy(databaseUrls().workflows);
    app = await startApp({ urls: { workflows: proxy.url } });
    client = createClient(app.origin);
    await signIn(client);
  });
  beforeEach(async () => {
    await backoffice().raw(emptied(...SYSTEM_TABLES));
    const { recent } = createMetrics();
    own = {
      id: randomUUID(),
      startedAt: now(),
      recent,
      jobs: () => [{ name: 'rollups', does: 'Covers.', lastSuccess: now(), lastFailure: null }],
    };
  });
  after(async () => {
    await app.close();
    await proxy.close();
  });

  const answered = (ms: number, about: { route?: string; address?: string } = {}) =>
    own.recent.answered(
      { id: randomUUID(), route: '/ai-usage', address: '/ai-usage', status: 200, ms, ...about },
      createAccount(),
    );
  const times = () => readRouteTimes(backoffice(), now(), (route) => route === '/ai-usage');

  it('counts each request once, however often it is written down, also where writing fails or the counts become those of hours', async () => {
    for (let i = 0; i < 90; i++) answered(20);
    await keep();
    await keep();
    for (let i = 0; i < 10; i++) answered(2_000);
    await assert.rejects(keepSystem(backoffice(), { ...own, id: 'not a uuid' }));
    await keep();
    const check = async () => {
      const { routes, pages } = await times();
      assert.deepEqual(
        routes.map(({ route, week }) => [route, week.requests]),
        [['/ai-usage', 100]],
      );
      const { p50, p99 } = routes[0]?.week ?? {};
      assert.ok(p50 && p50 > 20 / 1.2 && p50 < 20 * 1.2, String(p50));
      assert.ok(p99 && p99 > 2_000 / 1.2 && p99 < 2_000 * 1.2, String(p99));
      assert.equal(shareWithin(pages, 300), 0.9);
    };
    await check();
    await withClockMoved(5 * AN_HOUR_MS, async () => {
      await keep();
      await check();
      assert.deepEqual(await backoffice()('response_times').distinct('minutes'), [{ minutes: 60 }]);
    });
    await withClockMoved(9 * 24 * AN_HOUR_MS, async () => {
      await keep();
      assert.deepEqual(await backoffice()('response_times').select('*'), []);
    });
  });

  it('adds up processes, and hours that were made before with those that follow', async () => {
    answered(20);
    await keep();
    own = { ...own, id: randomUUID(), recent: createMetrics().recent };
    answered(20);
    await keep();
    await withClockMoved(4 * AN_HOUR_MS, () => keep());
    const { routes } = await times();
    assert.equal(routes[0]?.week.requests, 2);
  });

  it('is of so many routes, requests and kinds of errors, whatever comes', async () => {
    for (let i = 0; i < 1_000; i++) {
      answered(i, { route: `/route-${i}`, address: `/${'x'.repeat(5_000)}` });
      own.recent.failed(`error ${i} ${'x'.repeat(500)}`, randomUUID());
    }
    await keep();
    const { routes } = await times();
    assert.ok(routes.length <= 301, String(routes.length));
    assert.equal(
      routes.reduce((sum, { week }) => sum + week.requests, 0),
      1_000,
    );
    const slow: { ms: number; address: string }[] = await backoffice()('slow_requests').select('ms', 'address');
    assert.equal(slow.length, 20);
    assert.deepEqual(Math.min(...slow.map(({ ms }) => ms)), 980);
    assert.ok(slow.every(({ address }) => address.length === 500));
    const failures = await backoffice()('failures').select('kind', 'count');
    assert.equal(failures.length, 101);
    assert.equal(
      failures.reduce((sum, { count }) => sum + count, 0),
      1_000,
    );
  });

  it('holds two hours of what the database does not take, and of the week the five hundred slowest requests', async () => {
    for (let i = 0; i < 40; i++) await withClockMoved(i * 5 * 60_000, async () => answered(20));
    assert.equal(own.recent.seen().times.length, 24);
    for (let i = 0; i < 26; i++) {
      own = { ...own, recent: createMetrics().recent };
      for (let ms = 0; ms < 20; ms++) answered(20 * i + ms);
      await keep();
    }
    const kept: number[] = await backoffice()('slow_requests').orderBy('ms').pluck('ms');
    assert.deepEqual([kept.length, kept[0]], [500, 20]);
  });

  it('lists no file of the pages among what is slow', async () => {
    answered(2_000, { route: '/assets/:name', address: '/assets/app.css' });
    answered(20);
    assert.deepEqual(
      own.recent.seen().slow.map(({ address }) => address),
      ['/ai-usage'],
    );
  });

  it('shows response times, the slowest requests, errors, jobs, processes and what the databases hold', async () => {
    answered(20);
    answered(2_000, { address: '/ai-usage?period=all&model=gpt-5' });
    const log = createLog('error', own.recent.failed, { write: () => {} });
    log.error({ id: 'a-request', error: { name: 'RangeError' } }, 'panel failed');
    log.error({ id: 'a-request' }, 'request');
    log.warn('nobody counts this');
    await keep();
    const page = await openPage(client, '/system');
    const table = (caption: string) => tableOf(page, caption);
    assert.deepEqual(
      table('Response times by route')
        .rows[0]?.slice(0, 2)
        .map(({ text }) => text),
      ['/ai-usage', '2'],
    );
    assert.match(textOf(page.querySelector('#slow tbody tr')), /2,000 .*\/ai-usage\?period=all&model=gpt-5/);
    assert.deepEqual(
      table('Errors by kind').rows.map((row) => [row[0]?.text, row[1]?.text, row[3]?.text]),
      [['panel failed: RangeError', '1', 'a-request']],
    );
    assert.match(textOf(page.querySelector('#jobs')), /rollups Covers\./);
    assert.match(textOf(page.querySelector('#processes')), /running/);
    assert.match(textOf(page.querySelector('#workflows_db')), /token_usage_tracking/);
    assert.match(
      textOf(page.querySelector('.system table')),
      /99% of pages within 300 msbroken50\.0% in the last 24 hours/,
    );
    await keep(true);
    assert.match(textOf((await openPage(client, '/system')).querySelector('#processes')), /stopped/);
    await keep();
    await withClockMoved(4 * 60_000, async () => {
      assert.match(textOf((await openPage(client, '/system')).querySelector('#processes')), /gone/);
    });
  });

  it('promises pages that are asked for, and tells forms that are sent apart from them', async () => {
    const { recent } = app.metrics;
    await client.get('/account');
    await client.json('post', '/api/budgets', {});
    const routes = recent.seen().times.map(({ route }) => route);
    assert.ok(routes.includes('/account'), routes.join(', '));
    assert.ok(routes.includes('POST /api/budgets'), routes.join(', '));
    own = { ...own, recent: createMetrics().recent };
    answered(20, { route: '/account' });
    answered(2_000, { route: 'POST /account' });
    await keep();
    assert.match(
      textOf((await openPage(client, '/system')).querySelector('.system table')),
      /99% of pages within 300 mskept100\.0% in the last 24 hours/,
    );
  });

  it('breaks where a database does not answer, and there alone', async () => {
    proxy.down();
    const page = await openPage(client, '/system');
    proxy.up();
    assert.match(textOf(page), /workflows_db: The database does not answer right now\./);
    assert.match(textOf(page.querySelector('#backoffice_db')), /audit_log/);
  });

  it('keeps no code of a sign-in', async () => {
    await signIn(createClient(app.origin));
    await client.get('/nothing?secret-word');
    await client.get('/sign-in?returnTo=%2Fsecret-word');
    const { slow } = app.metrics.recent.seen();
    const addresses = slow.map(({ address }) => address);
    assert.ok(addresses.includes('/auth/google/callback'), addresses.join(' '));
    for (const address of addresses) assert.doesNotMatch(address, /code=|state=|secret-word/);
  });

  it('tells quantiles within a fifth of what they are', () => {
    const sorted = Array.from({ length: 1_000 }, (_, i) => 1.01 ** i);
    const counted = new Map<number, number>();
    for (const ms of sorted) {
      const index = BOUNDS_MS.findIndex((bound) => ms <= bound);
      counted.set(index, (counted.get(index) ?? 0) + 1);
    }
    for (const share of [0.05, 0.5, 0.95, 0.99]) {
      const real = sorted[Math.ceil(share * 1_000) - 1] as number;
      const told = quantileOf(counted, share) as number;
      assert.ok(told > real / 1.2 && told < real * 1.2, `${share}: ${told} for ${real}`);
    }
    assert.equal(quantileOf(new Map(), 0.5), null);
    assert.equal(shareWithin(new Map([[BOUNDS_MS.indexOf(300), 3]]), 300), 1);
  });
});
