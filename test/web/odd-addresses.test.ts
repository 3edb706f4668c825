import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type RunningApp, sharedApp } from '../support/app.ts';
import { type Client, createClient, signedIn } from '../support/client.ts';

describe('an address that cannot be meant', () => {
  let app: RunningApp;
  let ana: Client;
  before(async () => {
    app = await sharedApp();
    ana = await signedIn(app.origin);
  });

  const ODD = [
    ...['%', '%zz', '%00', '%E0%A4%A', '%ff', '%c0%af', '..%2f..%2fetc%2fpasswd', '__proto__', 'constructor', '\\'],
    ...['%0d%0aX-Injected:%201', '%F0%9F%92%A9', "'%20OR%201=1", '{{7*7}}', '<%=7*7%>', ';', '@', ':id', '*', '%20'],
  ];
  const ODD_QUERIES = [
    ...[
      '__proto__=1',
      '__proto__[period]=7d',
      'constructor=1',
      'toString=1',
      'period[]=7d',
      'period[a]=7d',
      'period=%00',
    ],
    ...[
      'search=%00',
      'model=%00',
      'action=%00',
      'author=%00',
      'from=%00',
      'page=%00',
      'search=%',
      'search=%zz',
      'search=%ff',
    ],
    ...[
      'page=1e9',
      'page=-1',
      'page=99999999999999999999',
      'pageSize=0',
      'page=1&page=2',
      'period=7d&period=7d',
      '=',
      '&&',
      '?',
    ],
    ...['search=%EF%BF%BE', 'search=%ED%A0%80', `search=${'%F0%9F%92%A9'.repeat(50)}`, `model=${'x'.repeat(101)}`],
    ...[
      'from=9999-12-31',
      'from=0000-00-00',
      'to=-1',
      'asOf=infinity',
      'after=AAAA',
      'after=%7B%7D',
      'sortBy=__proto__',
    ],
    ...[
      Array.from({ length: 200 }, (_, i) => `model=${i}`).join('&'),
      Array.from({ length: 2_000 }, () => 'a=1').join('&'),
    ],
  ];

  const answers = async (client: Client, paths: string[]) => {
    for (const path of paths) {
      const { status, headers } = await client.get(path);
      assert.ok(status < 500, `${status} ${path}`);
      assert.equal(headers['x-injected'], undefined);
    }
  };

  it('is our mistake nowhere: odd paths are no 5xx', async () => {
    await answers(
      ana,
      ODD.flatMap((odd) => [`/${odd}`, `/api/${odd}`, `/assets/${odd}`, `/ai-usage/records/${odd}/prompt`]),
    );
    await answers(
      createClient(app.origin),
      ODD.flatMap((odd) => [`/${odd}`, `/assets/${odd}`]),
    );
  });

  it('is our mistake nowhere: odd queries are no 5xx', async () => {
    await answers(
      ana,
      ODD_QUERIES.flatMap((query) => [`/ai-usage/records?${query}`]),
    );
    await answers(
      createClient(app.origin),
      ODD_QUERIES.flatMap((query) => [`/auth/google?${query}`, `/auth/google/callback?${query}`]),
    );
    assert.equal(({} as Record<string, unknown>).period, undefined, 'no prototype was changed');
  });

  it('is answered where it is of the server and no page: OPTIONS *, and any other method', async () => {
    for (const method of ['OPTIONS', 'GET', 'HEAD', 'POST', 'DELETE', 'PROPFIND']) {
      const { hostname, port } = new URL(app.origin);
      const asked = request({ hostname, port, method, path: '*', agent: false }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      assert.equal(answer.statusCode, method === 'OPTIONS' ? 204 : 400, method);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      if (method === 'OPTIONS') assert.equal(answer.headers.allow, 'GET, HEAD, POST, OPTIONS');
    }
  });

  it('is a 400 when it cannot be decoded', async () => {
    for (const path of ['/assets/%E0%A4%A', '/ai-usage/records/%zz']) {
      const answer = await ana.get(path);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /This request cannot be read\./);
      assert.doesNotMatch(answer.text, /Failed to decode|URIError/);
    }
    assert.equal((await ana.get('/ai-usage?search=%00')).status, 400);
    assert.equal((await ana.get('/api/ai-usage/records?model=%00')).status, 400);
  });

  it('is refused when it is longer than any of ours', async () => {
    const long = `/ai-usage?search=${'a'.repeat(20_000)}`;
    assert.equal((await ana.get(long)).status, 431);
    for (const path of ['/ai-usage', '/api/ai-usage/stats']) {
      assert.equal((await ana.get(`${path}?search=${'a'.repeat(10_000)}`)).status, 400);
    }
    const stranger = createClient(app.origin);
    assert.equal((await stranger.get(`/ai-usage?search=${'a'.repeat(10_000)}`)).headers.location, '/sign-in');
  });
});
