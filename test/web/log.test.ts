import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type RunningApp, startApp } from '../support/app.ts';
import { ANA, createClient, HTMX_FRAGMENT, location, SAME_ORIGIN, signIn } from '../support/client.ts';
import { databaseUrls } from '../support/databases.ts';
import { memoryLog } from '../support/log.ts';
import { type DatabaseProxy, startProxy } from '../support/proxy.ts';
import { sidOf } from '../support/session.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('the log', () => {
  const { log, lines, entries } = memoryLog();
  let proxy: DatabaseProxy;
  let app: RunningApp;
  before(async () => {
    proxy = await startProxy(databaseUrls().workflows);
    app = await startApp({ urls: { workflows: proxy.url }, log });
  });
  after(async () => {
    await app.close();
    await proxy.close();
  });
  beforeEach(() => {
    lines.length = 0;
  });

  it('is one JSON line a request: id, method, route, status and time, each once', async () => {
    const client = createClient(app.origin);
    await client.get('/sign-in?returnTo=/x');
    await client.get('/no-such-page?search=x');
    await client.post('/account/sessions/end-all');
    await client.get('/assets/app.css?v=x');
    for (const line of lines) {
      for (const name of ['id', 'method', 'route', 'status', 'ms']) {
        assert.equal(line.split(`"${name}":`).length, 2, `${name} once in ${line}`);
      }
    }
    assert.deepEqual(
      entries().map(({ method, route, status }) => [method, route, status]),
      [
        ['GET', '/sign-in', 200],
        ['GET', '/no-such-page', 302],
        ['POST', '/account/sessions/end-all', 403],
        ['GET', '/assets/:name', 200],
      ],
    );
    assert.equal(new Set(entries().map(({ id }) => id)).size, 4);
    for (const { ms } of entries()) assert.equal(typeof ms, 'number');
  });

  it('names severities as Cloud Logging does, and levels as Loki does', () => {
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[level](`at ${level}`);
    assert.deepEqual(
      entries().map(({ level, severity, message }) => [level, severity, message]),
      [
        ['trace', 'DEBUG', 'at trace'],
        ['debug', 'DEBUG', 'at debug'],
        ['info', 'INFO', 'at info'],
        ['warn', 'WARNING', 'at warn'],
        ['error', 'ERROR', 'at error'],
        ['fatal', 'CRITICAL', 'at fatal'],
      ],
    );
    assert.ok(entries().every(({ time }) => !Number.isNaN(Date.parse(String(time)))));
  });

  it('is silent about health, which is asked all day', async () => {
    await createClient(app.origin).get('/healthz');
    await createClient(app.origin).get('/readyz');
    assert.deepEqual(lines, []);
  });

  it('names only the beginning of an address that is no route', async () => {
    await createClient(app.origin).get(`/${'x'.repeat(5_000)}`);
    assert.ok((lines[0] ?? '').length < 500);
  });

  it('holds no cookie, code, token, query, prompt or name, also where things fail', async () => {
    await resetUsage();
    const [row] = await insertUsage([{ prompt: { messages: [{ content: 'segredo-do-prompt' }] } }]);
    const client = createClient(app.origin);
    const secrets = ['segredo', ANA, 'Ana Sousa'];
    const keep = () => {
      for (const [name, value] of client.cookies)
        secrets.push(name.replace('mythoria-sign-in-', ''), value, decodeURIComponent(value));
    };
    const away = await client.get('/auth/google?returnTo=%2Fai-usage%3Fsearch%3Dsegredo');
    keep();
    const chosen = await client.get(`${location(away)}&as=101`);
    for (const value of new URL(location(chosen)).searchParams.values()) secrets.push(value);
    for (const name of ['state', 'code_challenge']) secrets.push(new URL(location(away)).searchParams.get(name) ?? '');
    await client.get(location(chosen));
    keep();
    secrets.push(sidOf(client));

    await client.get('/ai-usage?search=segredo&model=segredo');
    await client.get(`/ai-usage/records/${row?.id}/prompt`);
    await client.get('/ai-usage/records?period=segredo', HTMX_FRAGMENT);
    await client.get('/auth/google/callback?error=segredo&error_description=segredo');
    await client.get('/auth/google/callback?code=segredo&state=segredo');
    await client.get('/%E0%A4%A?segredo');
    const author = randomUUID();
    secrets.push(author);
    for (const path of [
      `/ai-usage?author=${author}`,
      `/api/ai-usage/stats?author=${author}`,
      `/ai-usage/records/${author}?x`,
    ]) {
      // The connection breaks under the query: an error without a code, whose message Knex begins with the SQL.
      await client.get('/ai-usage');
      const said = proxy.hold();
      const broken = client.get(path);
      await said;
      proxy.down();
      await broken;
      proxy.up();
    }
    await client.post('/sign-out', SAME_ORIGIN);

    assert.ok(entries().some(({ error }) => JSON.stringify(error ?? '').includes('Connection terminated')));
    const text = lines.join('');
    for (const secret of secrets) {
      assert.ok(secret.length > 4 && !text.includes(secret), `the log holds ${secret}`);
    }
    assert.doesNotMatch(text, /set-cookie|"cookie"|authorization|"headers"|"query"|"req"|"res"/i);
  });

  it('says why a database failed, without Knex saying it a second time on the terminal', async () => {
    const client = createClient(app.origin);
    await signIn(client);
    const { log: print } = console;
    const printed: unknown[] = [];
    console.log = (...words: unknown[]) => printed.push(words);
    try {
      await client.get('/ai-usage');
      proxy.down();
      assert.equal((await client.get('/ai-usage')).status, 200);
      assert.equal((await client.get('/api/ai-usage/stats')).status, 503);
    } finally {
      proxy.up();
      console.log = print;
    }
    assert.deepEqual(printed, []);
    assert.ok(entries().filter(({ level }) => level === 'error').length >= 2);
  });
});
