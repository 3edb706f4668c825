import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningApp, startApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { openPage as openBrowserPage, sharedBrowser } from '../support/browser.ts';
import { ANA, type Client, createClient, RUI, signedIn } from '../support/client.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { csvRows } from '../support/export.ts';
import { profileOf, signInAtFake, startFakeGoogle } from '../support/fake-google.ts';
import { openPage } from '../support/page.ts';
import { startProxy } from '../support/proxy.ts';
import { needsServer } from '../support/skip.ts';
import { until } from '../support/until.ts';
import { resetUsage } from '../support/usage.ts';
import { BEFORE_ITS_LIMIT_MS, begin, fill, freePlaces, openAtSource } from './under-way.ts';

describe('an export under way', () => {
  const ROWS = 60_000;

  let app: RunningApp;
  let client: Client;
  before(async function () {
    // It takes two connections that see each other.
    needsServer(this);
    app = await startApp();
    client = await signedIn(app.origin);
    await resetUsage();
    await fill(ROWS);
  });
  beforeEach(async () => {
    await forgetAudit();
    await freePlaces();
  });
  after(async () => {
    await app?.close();
    await resetUsage();
  });

  it('is compressed for those who understand that, and whole', async () => {
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const warnings: string[] = [];
    const warned = ({ name }: Error) => warnings.push(name);
    process.on('warning', warned);
    const answer = await fetch(`${app.origin}/ai-usage/records.csv?period=all`, { headers: { cookie } });
    assert.match(answer.headers.get('content-encoding') ?? '', /^(br|gzip)$/);
    assert.equal(csvRows(await answer.text()).length, ROWS);
    process.off('warning', warned);
    assert.ok(!warnings.includes('MaxListenersExceededWarning'), 'a listener a batch is a leak');
  });

  it('waits for a client that is slow, ends when it goes, and says how far it came', async () => {
    const response = await begin(app.origin, client, '/ai-usage/records.csv?period=all');
    response.once('data', () => response.pause());
    await until(async () => (await openAtSource()) === 1, 'the query waits for its client');
    await sleep(500);
    assert.equal(await openAtSource(), 1);
    response.destroy();
    await until(async () => (await openAtSource()) === 0, 'the query ends with its client', BEFORE_ITS_LIMIT_MS);
    await until(async () => (await auditLines()).length === 2, 'two lines');
    const [line, broken] = await auditLines();
    assert.deepEqual([line?.action, line?.rows], ['export', String(ROWS)]);
    assert.equal(broken?.action, 'export broken off');
    const sent = Number(broken?.rows);
    assert.ok(sent < ROWS, `${sent} rows were read for a client that took almost none`);
  });

  it('ends its query also where the client goes before the first row', async () => {
    const { workflows } = databases();
    const lock = await workflows.transaction();
    await lock.raw('LOCK TABLE token_usage_tracking IN ACCESS EXCLUSIVE MODE');
    const waiting = async () => {
      const { rows } = await workflows.raw(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%token_usage_tracking%'`,
      );
      return rows[0].waiting > 0;
    };
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const request = get(`${app.origin}/ai-usage/records.csv?period=all`, { headers: { cookie } }).on('error', () => {});
    await until(waiting, 'the export waits for the table');
    request.destroy();
    await until(async () => !(await waiting()), 'the query ends with its client', BEFORE_ITS_LIMIT_MS);
    await lock.rollback();
    assert.deepEqual(await auditLines(), []);
  });

  it('is one of at most two of a person; the third is told to wait, another person is not', async () => {
    const path = '/ai-usage/records.csv?period=all';
    const first = await begin(app.origin, client, path);
    const second = await begin(app.origin, client, '/ai-usage/records.json?period=all');
    const third = await client.get(path);
    assert.equal(third.status, 429);
    assert.ok(Number(third.headers['retry-after']) > 0);
    assert.match(third.text, /Two of your downloads are under way/);
    assert.equal((await client.get(path, { Accept: '*/*' })).body.error.slice(0, 3), 'Two');
    const rui = await begin(app.origin, await signedIn(app.origin, RUI), path);
    assert.equal(rui.statusCode, 200);
    rui.destroy();
    const { rows } = await databases().workflows.raw<{ rows: { id: string }[] }>(
      `UPDATE token_usage_tracking SET input_prompt_json = (SELECT jsonb_agg(md5(n::text)) FROM generate_series(1, 4000) AS n)
        WHERE token_usage_id IN (SELECT token_usage_id FROM token_usage_tracking LIMIT 1) RETURNING token_usage_id AS id`,
    );
    const large = `/ai-usage/records/${rows[0]?.id}/prompt`;
    const refused = await client.get(large);
    assert.equal(refused.status, 429);
    assert.match(refused.text, /Two of your downloads are under way.* A large prompt that is opened is one\./);
    const { rows: small } = await databases().workflows.raw<{ rows: { id: string }[] }>(
      'SELECT token_usage_id AS id FROM token_usage_tracking WHERE token_usage_id <> ? LIMIT 1',
      [rows[0]?.id ?? ''],
    );
    assert.equal(
      (await client.get(`/ai-usage/records/${small[0]?.id}/prompt`)).status,
      200,
      'a small one takes no place',
    );
    first.destroy();
    second.destroy();
    await until(async () => (await client.get('/ai-usage.csv')).status === 200, 'a place is free again');
    for (let i = 0; i < 3; i++) assert.equal((await client.get(large)).status, 200, 'which a prompt gives back');
  });

  it('is one of as many as the database has connections for; who has to wait is told why and how long', async () => {
    const google = await startFakeGoogle();
    const other = await startApp({ google: () => google.client });
    const files: IncomingMessage[] = [];
    try {
      const path = '/ai-usage/records.csv?period=all';
      const people: Client[] = [];
      for (const name of ['ana', 'rui', 'eva', 'ines']) {
        google.answers.userinfo = profileOf({ sub: name, email: `${name}@mythoria.pt` });
        const person = createClient(other.origin);
        await signInAtFake(person);
        people.push(person);
      }
      const last = people.pop() as Client;
      for (const person of people) for (let i = 0; i < 2; i++) files.push(await begin(other.origin, person, path));
      assert.deepEqual(
        files.map(({ statusCode }) => statusCode),
        Array(6).fill(200),
      );
      const began = performance.now();
      const fourth = await last.get(path);
      assert.ok(performance.now() - began < 2_500, 'told at once, not when a connection did not come');
      assert.equal(fourth.status, 429);
      assert.equal(fourth.headers['retry-after'], '60');
      assert.match(
        fourth.text,
        /As many downloads are under way as run at once\. One that nobody reads ends after a minute/,
      );
      files.pop()?.destroy();
      await until(async () => {
        const file = await begin(other.origin, last, path);
        files.push(file);
        return file.statusCode === 200;
      }, 'a place is free again');
    } finally {
      for (const file of files) file.destroy();
      await other.close();
      await google.close();
    }
  });

  it('is told to wait on a page, where a browser asks for the third', async function () {
    const browser = await sharedBrowser(this);
    const { page } = await openBrowserPage(browser);
    await page.context().addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: app.origin })));
    await page.goto(`${app.origin}/ai-usage/records`);
    const path = '/ai-usage/records.csv?period=all';
    const files = [await begin(app.origin, client, path), await begin(app.origin, client, path)];
    try {
      await page.getByText('Download').click();
      await page.locator('.download .menu').getByRole('link', { name: 'CSV', exact: true }).click();
      await page.getByRole('heading', { name: 'One moment' }).waitFor();
      assert.match(await page.locator('main').innerText(), /Two of your downloads are under way/);
      assert.match(String(await page.getByRole('link', { name: 'Try again' }).getAttribute('href')), /records\.csv/);
    } finally {
      for (const file of files) file.destroy();
      await page.context().close();
    }
    await until(async () => (await client.get('/ai-usage.csv')).status === 200, 'a place is free again');
  });

  it('gives its place back where the client has left before it is known who it is', async () => {
    const proxy = await startProxy(databaseUrls().backoffice);
    const other = await startApp({ urls: { backoffice: proxy.url } });
    try {
      const person = await signedIn(other.origin);
      const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      for (let i = 0; i < 7; i++) {
        const asked = proxy.hold();
        const request = get(`${other.origin}/ai-usage/records.csv?period=all`, { headers: { cookie } });
        request.on('error', () => {});
        await asked;
        const closed = new Promise((resolve) => request.once('close', resolve));
        request.destroy();
        await closed;
        // The app shares this process: it hears of the end in one of the next rounds of its events.
        await sleep(20);
        proxy.release();
      }
      await until(async () => (await openAtSource()) === 0, 'no query is left', BEFORE_ITS_LIMIT_MS);
      await until(async () => (await person.get('/ai-usage.csv')).status === 200, 'every place is free again');
    } finally {
      proxy.release();
      await other.close();
      await proxy.close();
    }
  });

  it('gives its place back where the client leaves while it waits behind another on the same connection', async () => {
    const other = await startApp();
    try {
      const person = await signedIn(other.origin);
      const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`;
      const path = '/ai-usage/records.csv?period=all';
      const socket = connect(Number(new URL(other.origin).port), 'localhost').on('error', () => {});
      socket.write(ask(path) + ask(path));
      await until(async () => (await openAtSource()) === 2, 'both are under way');
      socket.destroy();
      await until(async () => (await openAtSource()) === 0, 'both queries end', BEFORE_ITS_LIMIT_MS);
      const bothPlacesAreFree = async () => {
        const files = [await begin(other.origin, person, path), await begin(other.origin, person, path)];
        for (const file of files) file.destroy();
        return files.every(({ statusCode }) => statusCode === 200);
      };
      await until(bothPlacesAreFree, 'both places are free again');
    } finally {
      await other.close();
    }
  });

  it('does not hold up pages', async () => {
    const files = [];
    for (const email of [ANA, RUI]) {
      const person = await signedIn(app.origin, email);
      for (let i = 0; i < 2; i++) files.push(await begin(app.origin, person, '/ai-usage/records.csv?period=all'));
    }
    await openPage(client, '/ai-usage?period=1d');
    await until(async () => (await openAtSource()) === 4, 'and all four are still under way');
    for (const file of files) file.destroy();
  });

  for (const extension of ['csv', 'xlsx', 'json', 'ndjson']) {
    it(`looks broken, and is written down as failed, when the database breaks off: ${extension}`, async () => {
      const proxy = await startProxy(databaseUrls().workflows);
      const other = await startApp({ urls: { workflows: proxy.url } });
      try {
        const person = await signedIn(other.origin);
        const response = await begin(other.origin, person, `/ai-usage/records.${extension}?period=all`);
        assert.equal(response.statusCode, 200);
        await once(response, 'readable');
        proxy.down();
        const outcome = new Promise((resolve) => {
          response.on('end', () => resolve('complete'));
          response.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
        });
        response.resume();
        assert.equal(await outcome, 'ECONNRESET');
        // Among lines of clients that other tests have sent away.
        const failed = async () => (await auditLines()).some(({ action }) => action === 'export failed');
        await until(failed, 'it is written down as failed');
      } finally {
        await other.close();
        await proxy.close();
      }
    });
  }
});
