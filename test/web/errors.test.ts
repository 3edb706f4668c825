import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { parse } from 'node-html-parser';
import request, { type Response } from 'supertest';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { type Client, HTMX_FRAGMENT, SAME_ORIGIN, signedIn } from '../support/client.ts';
import { databaseUrls } from '../support/databases.ts';
import { linkTo, wordsOf } from '../support/html.ts';
import { memoryLog } from '../support/log.ts';
import { assertDescribed } from '../support/openapi.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('a body that cannot be read', () => {
  for (const [why, body, type, status, message] of [
    ['no JSON', '{"name":', 'application/json', 400, /^takes JSON/],
    ['no object', '"x"', 'application/json', 400, /^takes JSON, an object/],
    ['a list', '[]', 'application/json', 400, /^takes an object with name, amount/],
    ['text', '{"name":"x"}', 'text/plain', 400, /^takes an object with .*, sent as application\/json$/],
    ['one that is too long', JSON.stringify({ name: 'x'.repeat(30_000) }), 'application/json', 413, /^takes at most/],
  ] as const)
    it(`says what it takes: ${why}`, async () => {
      const { origin } = await sharedApp();
      const ana = await signedIn(origin);
      const cookie = [...ana.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await request(origin)
        .post('/api/budgets')
        .set({ ...SAME_ORIGIN, Cookie: cookie, 'Content-Type': type })
        .send(body);
      assert.equal(answer.status, status);
      assertDescribed('/api/budgets', answer, 'post');
      const [{ parameter, message: said }] = answer.body.details;
      assert.equal(parameter, 'body');
      assert.match(said, message);
    });
});

describe('an address that leads nowhere', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });

  it('says which methods an address takes that was asked with another one', async () => {
    const api = await ana.json('delete', '/api/budgets');
    assert.deepEqual(
      [api.status, api.headers.allow, api.body],
      [405, 'GET, HEAD, POST', { error: 'This address takes GET, HEAD, POST, not DELETE.' }],
    );
    const page = await ana.post('/ai-usage/explore', SAME_ORIGIN);
    assert.deepEqual([page.status, page.headers.allow, wordsOf(page, 'h1')], [405, 'GET, HEAD', 'Not in this way']);
    assert.equal((await ana.post('/no-such-page', SAME_ORIGIN)).status, 404);
  });

  it('is a page with a way out, and JSON below /api', async () => {
    const page = await ana.get('/no-such-page');
    assert.equal(page.status, 404);
    assert.match(String(page.headers['content-type']), /^text\/html/);
    assert.equal(wordsOf(page, 'h1'), 'Not found');
    assert.equal(linkTo(page, 'Back to the overview'), '/ai-usage');
    assert.equal(wordsOf(page, '.account p'), 'ana.sousa@mythoria.pt', 'with its surroundings');

    for (const headers of [{ Accept: 'text/html' }, { Accept: '*/*' }]) {
      const api = await ana.get('/api/no-such-thing', headers);
      assert.equal(api.status, 404);
      assert.match(String(api.headers['content-type']), /^application\/json/);
      assert.equal(api.text, '{"error":"Not found"}');
    }
    assert.equal((await ana.get('/no-such-page', { Accept: 'application/json' })).text, '{"error":"Not found"}');
  });

  it('is a fragment for htmx, and the address bar keeps what worked', async () => {
    for (const [path, status] of [
      ['/no-such-page', 404],
      ['/ai-usage?period=never', 400],
      ['/ai-usage/records/nothing', 404],
    ] as const) {
      const fragment = await ana.get(path, HTMX_FRAGMENT);
      assert.equal(fragment.status, status);
      assert.equal(fragment.headers['hx-push-url'], 'false');
      assert.doesNotMatch(fragment.text, /<html|<body|<header class="site"/);
      const page = await ana.get(path);
      assert.ok(page.text.includes(fragment.text), 'the same as in the page');
      assert.equal(
        parse(fragment.text).querySelector('#usage')?.tagName,
        'SECTION',
        'takes the place of what it replaces',
      );
    }
  });

  it('names every parameter that is wrong, escaped', async () => {
    const address = 'period=%3Cscript%3E&page=0&sortBy=constructor';
    const page = await ana.get(`/ai-usage/records?${address}`);
    assert.equal(page.status, 400);
    const named = parse(page.text).querySelectorAll('.problems code');
    assert.deepEqual(named.map(({ textContent }) => textContent).sort(), ['page', 'period', 'sortBy']);
    assert.ok(!page.text.includes('<script>'));
    const api = await ana.get(`/api/ai-usage/records?${address}`);
    assert.equal(api.status, 400);
    assert.equal(api.body.error, 'Bad request');
    assert.deepEqual(Object.keys(api.body), ['error', 'details']);
    for (const detail of api.body.details) assert.deepEqual(Object.keys(detail), ['parameter', 'message']);
  });
});

describe('an error of ours', () => {
  const { log, lines, entries } = memoryLog();
  let app: RunningApp;
  let ana: Client;
  let record: string;
  before(async () => {
    // A database without the table: no retry cures that, so it is nobody's fault but ours.
    app = await startApp({ urls: { workflows: databaseUrls().backoffice }, log });
    ana = await signedIn(app.origin);
    record = `/ai-usage/records/${randomUUID()}`;
  });
  after(() => app.close());
  beforeEach(() => {
    lines.length = 0;
  });

  const assertSilent = (answer: Response) => {
    assert.doesNotMatch(
      answer.text,
      /token_usage|relation|select "|SELECT|42P01|node_modules|\.ts\b|\n {4}at |postgres/,
    );
  };
  const logged = (id: string) => entries().filter((entry) => entry.id === id && entry.level === 'error');

  it('is a page with a number, and the log has the same number and the reason', async () => {
    const page = await ana.get(record);
    assert.equal(page.status, 500);
    assert.equal(wordsOf(page, 'h1'), 'Something went wrong');
    assert.equal(linkTo(page, 'Try again'), record);
    const id = wordsOf(page, '.quiet code') ?? '';
    assert.match(id, UUID);
    const [failure, line] = logged(id);
    assert.match(JSON.stringify(failure?.error), /"code":"42P01"/);
    assert.equal(line?.message, 'request');
    assert.equal(line?.route, '/ai-usage/records/:id');
    assertSilent(page);
  });

  it('is a fragment for htmx and JSON for programs, with the number too', async () => {
    const fragment = await ana.get(record, HTMX_FRAGMENT);
    assert.equal(fragment.status, 500);
    assert.equal(fragment.headers['hx-push-url'], 'false');
    assert.doesNotMatch(fragment.text, /<html/);
    assert.equal(logged(wordsOf(fragment, '.quiet code') ?? '').length, 2);
    assertSilent(fragment);

    const api = await ana.get('/api/ai-usage/stats');
    assert.equal(api.status, 500);
    assert.deepEqual(Object.keys(api.body), ['error', 'id']);
    assert.equal(logged(api.body.id).length, 2);
    assertSilent(api);
  });

  it('is its panel’s alone on a page, and the log line of the panel has the request’s number', async () => {
    for (const path of ['/ai-usage?period=7d', '/ai-usage/records?period=7d']) {
      const page = await ana.get(path);
      assert.equal(page.status, 200);
      assert.match(wordsOf(page, '.panel.failed p') ?? '', /could not be computed/);
      assert.equal(linkTo(page, 'Try again'), path);
      assertSilent(page);
      const [panel, line] = entries().slice(-2);
      assert.equal(panel?.message, 'panel failed');
      assert.equal(panel?.id, line?.id);
    }
  });

  it('never makes "Try again" lead to another site', async () => {
    const { port } = new URL(app.origin);
    const cookie = [...ana.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    // As it came over the wire: a client library would mend such a target first.
    const answer = (target: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), 'localhost', () =>
          socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`),
        );
        const chunks: Buffer[] = [];
        socket.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
        socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
      });
    const html = await answer(`http://evil.example${record}`);
    assert.match(html, /^HTTP\/1\.1 500/);
    assert.match(html, /Try again/);
    assert.ok(!html.includes('evil.example'));
  });
});
