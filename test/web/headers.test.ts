import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import request, { type Response } from 'supertest';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { type Client, createClient, HTMX_FRAGMENT, SAME_ORIGIN, signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databaseUrls } from '../support/databases.ts';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const A_RECORD = '/ai-usage/records/6f9619ff-8b86-4011-b42d-00c04fc964ff';

/** workflows_db without its table: what asks it fails for a reason that no retry cures. */
const withoutTable = () => startApp({ urls: { workflows: databaseUrls().backoffice } });

describe('the headers of every answer', () => {
  const opened = closing();

  const assertHeaders = (what: string, { headers }: Response) => {
    assert.equal(String(headers['content-security-policy']).replaceAll(/;\s*/g, '; '), CSP, what);
    assert.equal(headers['x-content-type-options'], 'nosniff', what);
    assert.equal(headers['referrer-policy'], 'same-origin', what);
    assert.equal(headers['x-powered-by'], undefined, what);
    assert.equal(headers['strict-transport-security'], undefined, `${what}: plain http promises nothing`);
    assert.equal(headers.server, undefined, what);
  };

  it('forbid what we do not need: page, fragment, API, asset, redirect and error alike', async () => {
    const { origin } = await sharedApp();
    const ana = await signedIn(origin);
    const stranger = createClient(origin);
    const answers: [number, string, Client, Record<string, string>?][] = [
      [200, '/ai-usage', ana],
      [200, '/ai-usage/records', ana, HTMX_FRAGMENT],
      [200, '/account/sessions', ana],
      [200, '/sign-in', stranger],
      [200, '/api/ai-usage/stats', ana],
      [200, '/assets/app.css', stranger],
      [200, '/healthz', stranger],
      [200, '/readyz', stranger],
      [302, '/', ana],
      [302, '/ai-usage', stranger],
      [302, '/auth/google', stranger],
      [302, '/assets/no-such-file', stranger],
      [401, '/api/ai-usage/stats', stranger],
      [401, '/ai-usage', stranger, HTMX_FRAGMENT],
      [400, '/ai-usage?period=never', ana],
      [400, '/api/ai-usage/stats?period=never', ana],
      [400, '/auth/google/callback?error=x', stranger],
      [400, '/stand-in-for-google/authorize', stranger],
      [401, '/stand-in-for-google/userinfo', stranger],
      [400, '/assets/%E0%A4%A', stranger],
      [404, '/no-such-page', ana],
      [404, '/no-such-page', ana, HTMX_FRAGMENT],
      [404, '/api/no-such-thing', ana],
      [404, A_RECORD, ana],
    ];
    for (const [status, path, client, headers] of answers) {
      const answer = await client.get(path, headers);
      assert.equal(answer.status, status, path);
      assertHeaders(path, answer);
    }
    assertHeaders('refused change', await ana.post('/sign-out'));
    assertHeaders('sign-out', await ana.post('/sign-out', SAME_ORIGIN));
    assertHeaders('HEAD', await request(origin).head('/ai-usage'));
    assertHeaders('OPTIONS', await request(origin).options('/sign-in'));

    const broken = await signedIn((await opened(withoutTable())).origin);
    for (const path of [A_RECORD, '/api/ai-usage/stats']) {
      const answer = await broken.get(path);
      assert.equal(answer.status, 500);
      assertHeaders(path, answer);
    }
  });

  it('promise https where the configured address is https', async () => {
    const { origin } = await opened(startApp({ variables: { APP_URL: 'https://admin.mythoria.pt' } }));
    for (const path of ['/sign-in', '/ai-usage', '/assets/app.css', '/api/x', '/healthz']) {
      const answer = await createClient(origin).get(path);
      assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains', path);
    }
  });
});

describe('the pages under this policy', () => {
  it('hold no inline script, style or handler, and load nothing from elsewhere', async () => {
    const { origin } = await sharedApp();
    const ana = await signedIn(origin);
    const stranger = createClient(origin);
    for (const [client, path] of [
      [ana, '/ai-usage'],
      [ana, '/ai-usage/records'],
      [ana, '/ai-usage/stories/6f9619ff-8b86-4011-b42d-00c04fc964ff'],
      [ana, '/ai-usage/models/gpt-5'],
      [ana, '/ai-usage/statement?month=2026-10'],
      [ana, '/account/sessions'],
      [ana, '/no-such-page'],
      [stranger, '/sign-in'],
    ] as const) {
      const page = parse((await client.get(path)).text);
      assert.equal(
        page.querySelectorAll('style, [style], script:not([src]), iframe, object, embed, base').length,
        0,
        path,
      );
      for (const element of page.querySelectorAll('*')) {
        const names = Object.keys(element.attributes);
        assert.deepEqual(
          names.filter((name) => /^(on|hx-on)/i.test(name)),
          [],
          path,
        );
      }
      for (const element of page.querySelectorAll('script, link, img, use')) {
        assert.match(element.getAttribute('src') ?? element.getAttribute('href') ?? '', /^\/assets\//, path);
      }
    }
  });
});

describe('what caches may keep', () => {
  let app: RunningApp;
  let ana: Client;
  before(async () => {
    app = await sharedApp();
    ana = await signedIn(app.origin);
  });

  it('is nothing of what someone signed in sees; a page and its fragment are told apart', async () => {
    const html = [
      '/ai-usage',
      '/ai-usage/records',
      '/account/sessions',
      A_RECORD,
      '/no-such-page',
      '/ai-usage?period=never',
    ];
    for (const path of html) {
      for (const headers of [{}, HTMX_FRAGMENT]) {
        const answer = await ana.get(path, headers);
        assert.equal(answer.headers['cache-control'], 'no-store', path);
        assert.match(String(answer.headers.vary), /HX-Request, HX-Request-Type/, path);
      }
    }
    for (const path of ['/api/ai-usage/stats', '/api/ai-usage/records', '/api/no-such-thing', '/']) {
      assert.equal((await ana.get(path)).headers['cache-control'], 'no-store', path);
    }
  });

  it('is nothing of the way in either: it sets cookies and says who was refused', async () => {
    const stranger = createClient(app.origin);
    for (const path of ['/sign-in', '/auth/google', '/auth/google/callback?error=x', '/auth/google/callback']) {
      assert.equal((await stranger.get(path)).headers['cache-control'], 'no-store', path);
    }
  });

  it('is an asset for ever under the address with its digest, which every page uses', async () => {
    const page = parse((await ana.get('/ai-usage')).text);
    const addresses = page
      .querySelectorAll('script, link, use')
      .map((element) => (element.getAttribute('src') ?? element.getAttribute('href') ?? '').replace(/#.*/, ''));
    assert.ok(addresses.length >= 4);
    for (const address of addresses) {
      assert.match(address, /\?v=[\w-]{12}$/);
      const answer = await createClient(app.origin).get(address);
      assert.equal(answer.status, 200, address);
      assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
      const type = address.includes('.css') ? /^text\/css/ : address.includes('.js') ? /javascript/ : /^image\/svg/;
      assert.match(String(answer.headers['content-type']), type);
    }
  });

  it('is an asset under another digest only until it has asked again', async () => {
    for (const address of ['/assets/app.css', '/assets/app.css?v=AAAAAAAAAAAA', '/assets/app.css?v=a&v=b']) {
      const answer = await createClient(app.origin).get(address);
      assert.equal(answer.headers['cache-control'], 'public, max-age=0', address);
      const { etag = '' } = answer.headers;
      assert.equal((await createClient(app.origin).get(address, { 'If-None-Match': etag })).status, 304);
    }
  });

  it('are icons and robots.txt where they are looked for, for everybody', async () => {
    const kinds = {
      '/favicon.ico': /^image\//,
      '/apple-touch-icon.png': /^image\/png$/,
      '/robots.txt': /^text\/plain/,
    };
    for (const [path, kind] of Object.entries(kinds)) {
      for (const client of [createClient(app.origin), ana]) {
        const answer = await client.get(path);
        assert.equal(answer.status, 200, path);
        assert.match(String(answer.headers['content-type']), kind);
        assert.equal(answer.headers['cache-control'], 'public, max-age=86400');
      }
    }
    assert.equal((await createClient(app.origin).get('/robots.txt')).text, 'User-agent: *\nDisallow: /\n');
  });

  it('is no file but those of the app', async () => {
    for (const name of [
      '..%2fpackage.json',
      '%2e%2e%2f.env',
      '..%5c..%5cpackage.json',
      '__proto__',
      'constructor',
      '%00',
    ]) {
      assert.equal((await ana.get(`/assets/${name}`)).status, 404, name);
    }
  });
});
