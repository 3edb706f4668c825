import assert from 'node:assert/strict';
import request from 'supertest';
import { type RunningApp, sharedApp } from '../support/app.ts';
import { createClient, type Headers, HTMX_FRAGMENT, location, SAME_ORIGIN } from '../support/client.ts';
import { PUBLIC, routesOf } from '../support/routes.ts';

describe('without signing in', () => {
  let app: RunningApp;
  let closed: { method: 'get' | 'post'; path: string }[];
  before(async () => {
    app = await sharedApp();
    const routes = routesOf(app.express);
    for (const open of PUBLIC) assert.ok(routes.includes(open), `${open} is listed and does not exist`);
    closed = routes
      .filter((route) => !PUBLIC.includes(route))
      .map((route) => {
        const [method = '', path = ''] = route.split(' ');
        const id = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
        return { method: method.toLowerCase() as 'get' | 'post', path: path.replace(/:\w+/g, id) };
      });
  });

  const isForPrograms = (path: string) => path.startsWith('/api/') || path === '/metrics';
  const pages = () => closed.filter(({ method, path }) => method === 'get' && !isForPrograms(path));
  const changes = () => closed.filter(({ method }) => method !== 'get');
  const apis = () => closed.filter(({ path }) => isForPrograms(path));

  it('every page leads to sign-in and says where to come back to', async () => {
    assert.ok(pages().some(({ path }) => path === '/ai-usage/records'));
    for (const { path } of pages()) {
      const asked = `${path}?period=7d&search=a%20b`;
      const answer = await createClient(app.origin).get(asked);
      assert.equal(answer.status, 302, path);
      const back = path === '/' ? '/?period=7d&search=a%20b' : asked;
      assert.equal(location(answer), `/sign-in?returnTo=${encodeURIComponent(back)}`);
      assert.doesNotMatch(answer.text, /<table|<main/);
    }
  });

  it('the front page needs no return address, and an unknown one tells nothing of what exists', async () => {
    assert.equal(location(await createClient(app.origin).get('/')), '/sign-in');
    for (const path of ['/no-such-page', '/assets/no-such-file', '/.env', '/ai-usage/records/']) {
      assert.equal((await createClient(app.origin).get(path)).status, 302, path);
    }
  });

  it('only pages and tables as files are returned to, not what browsers and crawlers look for by themselves', async () => {
    const returned = async (path: string, headers: Headers = {}) =>
      location(await createClient(app.origin).get(path, headers)) !== '/sign-in';
    for (const path of [
      '/sitemap.xml',
      '/.well-known/security.txt',
      '/.env',
      '/assets/no-such-file',
      '/wp-login.php',
    ]) {
      assert.equal(await returned(path), false, path);
    }
    for (const dest of ['image', 'manifest', 'script', 'style']) {
      assert.equal(await returned('/ai-usage', { 'Sec-Fetch-Dest': dest }), false, dest);
    }
    for (const path of [
      '/ai-usage.xlsx',
      '/ai-usage/records.csv',
      '/ai-usage/models/gpt-3.5',
      '/ai-usage/models/a.ico',
    ]) {
      for (const dest of ['document', 'empty'])
        assert.equal(await returned(path, { 'Sec-Fetch-Dest': dest }), true, path);
    }
  });

  it('the API answers 401 with nothing but that', async () => {
    assert.ok(apis().length >= 2);
    for (const path of [...apis().map(({ path }) => path), '/api/no-such-thing', '/api/']) {
      const asked: Headers[] = [{}, HTMX_FRAGMENT, { Accept: 'application/json' }, { Accept: '*/*' }];
      for (const headers of asked) {
        const answer = await createClient(app.origin).get(path, headers);
        assert.equal(answer.status, 401, path);
        assert.equal(answer.text, '{"error":"Unauthorized"}');
        assert.equal(answer.headers.location, undefined);
      }
    }
  });

  it('no change is made', async () => {
    assert.ok(changes().some(({ path }) => path === '/sign-out'));
    for (const { method, path } of changes()) {
      const answer = await request(app.origin)
        [method](path)
        .redirects(0)
        .set(SAME_ORIGIN)
        .ok(() => true);
      assert.ok([302, 401].includes(answer.status), path);
    }
  });

  it('no other method gets further', async () => {
    for (const { path } of closed) {
      for (const method of ['head', 'options', 'put', 'patch', 'delete'] as const) {
        const answer = await request(app.origin)
          [method](path)
          .redirects(0)
          .set(SAME_ORIGIN)
          .ok(() => true);
        assert.ok([302, 401].includes(answer.status), `${method} ${path}: ${answer.status}`);
      }
    }
  });

  it('htmx is told to move the window to sign-in, and back to the address that the person sees', async () => {
    for (const { path } of pages()) {
      for (const headers of [HTMX_FRAGMENT, { 'HX-Request': 'true', 'HX-Request-Type': 'full' }]) {
        const current = { 'HX-Current-URL': `${app.origin}/ai-usage/records?search=a%26b&page=2` };
        const answer = await createClient(app.origin).get(`${path}?period=7d`, { ...headers, ...current });
        assert.equal(answer.status, 401);
        assert.equal(
          answer.headers['hx-redirect'],
          '/sign-in?returnTo=%2Fai-usage%2Frecords%3Fsearch%3Da%2526b%26page%3D2&ended=yes',
        );
        assert.equal(answer.headers.location, undefined);
        assert.equal(answer.text, '');
      }
    }
    const unknown = await createClient(app.origin).get('/ai-usage', HTMX_FRAGMENT);
    assert.equal(unknown.headers['hx-redirect'], '/sign-in?ended=yes', 'without an address in the bar: the front page');
  });
});
