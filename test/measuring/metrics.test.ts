import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerMetrics } from '../../src/measuring/answer.ts';
import { watchState } from '../../src/measuring/state.ts';
import { STATE_METRICS } from '../../src/state-metrics.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { ANA, type Client, createClient, HTMX_FRAGMENT, signIn } from '../support/client.ts';
import { databaseUrls } from '../support/databases.ts';
import { type DatabaseProxy, startProxy } from '../support/proxy.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

type Sample = { name: string; labels: Record<string, string>; value: number };

/** Lines of the text format as samples (https://prometheus.io/docs/instrumenting/exposition_formats/). */
function samplesOf(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inner = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      assert.notEqual(name, '', line);
      const labels = Object.fromEntries([...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((pair) => pair.slice(1)));
      return { name, labels, value: Number(value) };
    });
}

describe('metrics', () => {
  let app: RunningApp;
  let proxy: DatabaseProxy;
  let client: Client;
  let scraped: { origin: string; close: () => void };

  before(async () => {
    await resetUsage();
    await insertUsage([{ action: 'image_edit' }]);
    proxy = await startProxy(databaseUrls().backoffice);
    app = await startApp({ urls: { backoffice: proxy.url } });
    watchState(STATE_METRICS, app.databases, app.metrics);
    const server = createServer(answerMetrics(app.metrics, {})).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    scraped = {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => server.close(),
    };
    client = createClient(app.origin);
    await signIn(client, ANA);
  });

  after(async () => {
    scraped.close();
    await app.close();
    await proxy.close();
  });

  const scrape = async () => samplesOf(await (await fetch(`${scraped.origin}/metrics`)).text());
  const sumOf = (samples: Sample[], name: string, labels: Record<string, string> = {}) =>
    samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);

  it('time requests by route, method and class of status, whatever is asked for', async () => {
    const story = '7f1c9c52-93a5-4f0f-8d8e-2a1f1d0f3c11';
    const asked = [
      '/ai-usage?search=secret-word',
      `/ai-usage/stories/${story}`,
      '/nothing/secret-word',
      '/assets/secret-word',
    ];
    for (const path of asked) await client.get(path);
    await client.get('/ai-usage?period=nothing');
    await client.get('/assets/app.css');
    const response = await fetch(`${scraped.origin}/metrics`);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    assert.doesNotMatch(text, /secret-word/);
    assert.doesNotMatch(text, new RegExp(story));
    const samples = samplesOf(text);
    const requests = (labels: Record<string, string>) => sumOf(samples, 'http_request_duration_seconds_count', labels);
    assert.equal(requests({ route: '/ai-usage', method: 'GET', status: '2xx' }), 1);
    assert.equal(requests({ route: '/ai-usage', status: '4xx' }), 1);
    assert.equal(requests({ route: '/ai-usage/stories/:name' }), 1);
    assert.equal(requests({ route: '(none)', status: '4xx' }), 1);
    assert.equal(requests({ route: '/assets/:name', status: '2xx' }), 1);
  });

  it('time queries by what they are for and by database, and waits for connections by pool', async () => {
    const samples = await scrape();
    const queries = (labels: Record<string, string>) => sumOf(samples, 'db_query_duration_seconds_count', labels);
    assert.ok(queries({ name: 'stats', database: 'workflows' }) > 0);
    assert.ok(queries({ name: 'rollups', database: 'backoffice' }) > 0);
    assert.ok(queries({ name: 'who is asking', database: 'backoffice' }) > 0);
    assert.ok(sumOf(samples, 'db_pool_wait_seconds_count', { pool: 'sessions' }) > 0);
    assert.ok(samples.some(({ name, labels }) => name === 'db_pool_connections' && labels.pool === 'workflows'));
    const names = new Set(samples.flatMap(({ labels, name }) => (name.startsWith('db_query') ? [labels.name] : [])));
    for (const name of names) assert.doesNotMatch(name ?? '', /secret|[0-9a-f]{8}-/);
  });

  it('tell queries that failed from those that were answered', async () => {
    const failed = (samples: Sample[]) =>
      sumOf(samples, 'db_query_duration_seconds_count', { database: 'workflows', outcome: 'failed' });
    const before = failed(await scrape());
    await assert.rejects(app.databases.workflows.raw('SELECT 1 / 0'), /division by zero/);
    assert.equal(failed(await scrape()), before + 1);
  });

  it('count who was not let in, by reason', async () => {
    const before = sumOf(await scrape(), 'sign_ins_refused_total', { reason: 'domain' });
    await signIn(createClient(app.origin), 'eva.lindqvist@example.com');
    await signIn(createClient(app.origin), 'tiago.melo@mythoria.pt');
    await createClient(app.origin).get('/auth/google/callback?code=x&state=y');
    const samples = await scrape();
    assert.equal(sumOf(samples, 'sign_ins_refused_total', { reason: 'domain' }), before + 1);
    assert.equal(sumOf(samples, 'sign_ins_refused_total', { reason: 'unverified' }), 1);
    assert.equal(sumOf(samples, 'sign_ins_refused_total', { reason: 'not begun here' }), 1);
  });

  it('say how the rollups, alerts and outbox stand, and leave out what cannot be looked up', async () => {
    const known = ['rollup_backfill_ratio', 'outbox_depth', 'outbox_dead', 'alert_rules_in_error'];
    const names = (samples: Sample[]) => known.filter((name) => samples.some((sample) => sample.name === name));
    assert.deepEqual(names(await scrape()), known);
    proxy.down();
    assert.deepEqual(names(await scrape()), []);
    assert.ok(sumOf(await scrape(), 'http_request_duration_seconds_count') > 0);
    proxy.up();
    assert.deepEqual(names(await scrape()), known);
  });

  it('are at one address, for those who read', async () => {
    assert.equal((await fetch(`${scraped.origin}/`)).status, 404);
    assert.equal((await fetch(`${scraped.origin}/metrics`, { method: 'POST' })).status, 404);
    const head = await fetch(`${scraped.origin}/metrics`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.equal((await client.get('/metrics')).status, 401, 'the main port answers tokens');
  });

  it('stand in every answer too: the database, rendering and the whole, in milliseconds', async () => {
    const stranger = createClient(app.origin);
    const answers = [
      await client.get('/ai-usage'),
      await client.get('/ai-usage', HTMX_FRAGMENT),
      await client.get('/ai-usage?period=nothing'),
      await client.get('/api/ai-usage/stats'),
      await client.get('/nothing'),
      await stranger.get('/ai-usage'),
      await stranger.get('/sign-in'),
      await stranger.get('/healthz'),
      await stranger.get('/assets/app.css'),
      await stranger.post('/sign-out'),
    ];
    const timings = answers.map(({ headers }) => headers['server-timing'] as string);
    for (const timing of timings) {
      assert.match(timing, /^db;dur=\d+\.\d;desc="\d+ quer(y|ies)", render;dur=\d+\.\d, total;dur=\d+\.\d$/);
    }
    const [db = 0, render = 0, total = 0] = [...(timings[0] ?? '').matchAll(/dur=([\d.]+)/g)].map(([, ms]) =>
      Number(ms),
    );
    assert.ok(db > 0 && render > 0 && db + render <= total + 0.2, timings[0]);
    assert.match(timings[7] ?? '', /^db;dur=0\.0;desc="0 queries", render;dur=0\.0/);
  });
});
