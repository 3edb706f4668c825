import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { addressText, clientOf } from '../../src/limits/client-address.ts';
import { deleteOldCounts } from '../../src/limits/rate-limit.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { ANA, type Client, createClient, RUI, sameSession, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { memoryLog } from '../support/log.ts';
import { later } from '../support/session.ts';
import { needsServer } from '../support/skip.ts';

const counts = () => databases().backoffice('rate_counts');
const statusesOf = async (asked: Promise<{ status: number }>[]) =>
  (await Promise.all(asked)).map(({ status }) => status).sort();
const API = '/api/ai-usage/records?pageSize=1';
const times = (count: number, status: number) => Array<number>(count).fill(status);

describe('limits of a minute', () => {
  const apps: RunningApp[] = [];
  const start = async (variables: Record<string, string>, others = {}) => {
    const app = await startApp({ variables, ...others });
    apps.push(app);
    return app;
  };
  const SESSION_SECRET = 's'.repeat(32);
  /** The same person at another process. */
  const at = (origin: string, client: Client): Client => {
    const other = sameSession(client, origin);
    return other;
  };

  /** Made where nothing is counted: a form counts as well. */
  const tokenOf = async (client: Client, scopes: string) => {
    const { origin } = await start({});
    const made = await at(origin, client).submit('/account/tokens', { name: 'nightly', scopes });
    return parse(made.text).querySelector('code')?.text;
  };

  beforeEach(() => counts().delete());
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  it('of the API are counted over all processes, to the number, however many ask at once', async () => {
    const variables = { API_PER_MINUTE: '30', SESSION_SECRET };
    const [a, b, c] = await Promise.all([start(variables), start(variables), start(variables)]);
    const ana = await signedIn(a.origin);
    const everywhere = [ana, at(b.origin, ana), at(c.origin, ana)];
    const statuses = await statusesOf(everywhere.flatMap((one) => Array.from({ length: 20 }, () => one.get(API))));
    assert.deepEqual(statuses, [...times(30, 200), ...times(30, 429)]);

    const refused = await everywhere[1]?.get(API);
    assert.match(String(refused?.body.error), /^You have asked more often .* Please go on in \d+ seconds?\.$/);
    const seconds = Number(refused?.headers['retry-after']);
    assert.ok(seconds >= 1 && seconds <= 60, `${seconds} s`);
    assert.deepEqual(
      await statusesOf([ana.get('/ai-usage/records'), ana.get('/account/sessions')]),
      [200, 200],
      'pages go on',
    );
    const rui = await signedIn(b.origin, RUI);
    assert.equal((await rui.get(API)).status, 200, 'somebody else goes on');
    await later((seconds + 1) * 1_000, async () => assert.equal((await ana.get(API)).status, 200, 'the next minute'));
  });

  it('of the API are of each token by itself', async () => {
    const app = await start({ API_PER_MINUTE: '2' });
    const ana = await signedIn(app.origin);
    const token = await tokenOf(ana, 'records');
    const asToken = () => createClient(app.origin).get(API, { Authorization: `Bearer ${token}` });
    for (const ask of [() => ana.get(API), asToken])
      assert.deepEqual(await statusesOf([ask(), ask(), ask()]), [200, 200, 429]);
  });

  it('of the API hold for files and metrics too, by a token and by a session', async () => {
    const app = await start({ API_PER_MINUTE: '2' });
    const ana = await signedIn(app.origin);
    const asToken = async (scopes: string, path: string) => {
      const Authorization = `Bearer ${await tokenOf(ana, scopes)}`;
      const ask = () => createClient(app.origin).get(path, { Authorization });
      return [(await ask()).status, (await ask()).status, (await ask()).status];
    };
    assert.deepEqual(await asToken('export', '/budgets.csv'), [200, 200, 429]);
    assert.deepEqual(await asToken('metrics', '/metrics'), [200, 200, 429]);
    const file = async (path: string) => (await ana.get(path)).status;
    assert.deepEqual(
      [await file('/budgets.csv'), await file('/audit.csv'), await file('/budgets.json')],
      [200, 200, 429],
    );
    assert.equal(await file('/budgets'), 200, 'pages go on');
  });

  it('of the API hold for forms that are sent too, but never for what ends a session', async () => {
    const app = await start({ API_PER_MINUTE: '3' });
    const ana = await signedIn(app.origin);
    const choose = () => ana.submit('/account', { digest: 'none' });
    assert.deepEqual(
      [(await choose()).status, (await ana.get(API)).status, (await choose()).status, (await choose()).status],
      [303, 200, 303, 429],
    );
    const page = await ana.submit('/budgets', { name: 'x' });
    assert.equal(page.status, 429);
    assert.ok(Number(page.headers['retry-after']) >= 1);
    assert.match(page.text, /You have asked more often/);
    assert.equal((await ana.json('post', '/api/budgets', {})).status, 429, 'counted once: by the API');
    assert.equal((await ana.get('/account')).status, 200, 'pages go on');
    assert.equal((await ana.submit('/account/sessions/end-others', {})).status, 303);
    assert.equal((await ana.submit('/sign-out', {})).status, 303);
    const rui = await signedIn(app.origin, RUI);
    const made = await statusesOf([1, 2, 3, 4].map(() => rui.json('post', '/api/budgets', {})));
    assert.deepEqual(made, [400, 400, 400, 429], 'each once');
  });

  it('ask the database nothing for somebody whom a process knows to be over', async () => {
    const app = await start({ API_PER_MINUTE: '3' });
    const ana = await signedIn(app.origin);
    for (let asked = 0; asked < 10; asked++) await ana.get(API);
    assert.deepEqual(await counts().where('key', `api:${ANA}`).pluck('points'), [3]);
  });

  it('of sign-ins are of an address, on the way to Google and on the way back', async () => {
    const app = await start({ SIGN_INS_PER_MINUTE: '2', PROXIES: '1' });
    const stranger = createClient(app.origin);
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    const way = (address: string) => stranger.get('/auth/google', from(address));
    assert.deepEqual(await statusesOf([1, 2, 3].map(() => way('203.0.113.7'))), [302, 302, 429]);
    assert.equal((await way('203.0.113.8')).status, 302, 'another address');
    assert.equal(
      (await way('198.51.100.1, 203.0.113.7')).status,
      429,
      'what was there before the proxy counts for nothing',
    );
    assert.equal((await stranger.get('/AUTH/google/', from('203.0.113.7'))).status, 429, 'however it is written');

    const page = await way('203.0.113.7');
    assert.match(page.text, /More sign-ins have come from your address .* Please try again in \d+ seconds?\./);
    assert.ok(Number(page.headers['retry-after']) >= 1);
    const back = () => stranger.get('/auth/google/callback?code=a&state=b', from('203.0.113.7'));
    assert.deepEqual(await statusesOf([back(), back(), back()]), [400, 400, 429]);
    const refused = await app.metrics.registry.getSingleMetricAsString('sign_ins_refused_total');
    assert.match(refused, /\{reason="too many"\} 5$/m);
  });

  it('of sign-ins are used up by no picture, frame or script of another site', async () => {
    const app = await start({ SIGN_INS_PER_MINUTE: '2' });
    const doors = ['/auth/google', '/auth/google/callback?code=a&state=b'];
    const from = (dest: string, others = {}) => ({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': dest, ...others });
    const [toGoogle, back] = doors.map(
      (door) => (headers: Record<string, string>) => createClient(app.origin).get(door, headers),
    );
    for (const hidden of [
      from('image'),
      from('iframe'),
      from('empty'),
      from('document', { 'Sec-Purpose': 'prefetch' }),
    ])
      assert.deepEqual(
        await statusesOf([toGoogle?.(hidden), back?.(hidden)].map(async (asked) => (await asked) ?? { status: 0 })),
        [403, 403],
      );
    const seen = from('document');
    assert.equal((await toGoogle?.(seen))?.status, 302);
    assert.equal((await back?.(seen))?.status, 400);
  });

  it('of sign-ins believe no header where no proxy stands in front', async () => {
    const app = await start({ SIGN_INS_PER_MINUTE: '2' });
    const stranger = createClient(app.origin);
    const asked = [1, 2, 3].map((n) => stranger.get('/auth/google', { 'X-Forwarded-For': `203.0.113.${n}` }));
    assert.deepEqual(await statusesOf(asked), [302, 302, 429]);
  });

  it('are none at 0', async () => {
    const app = await start({ SIGN_INS_PER_MINUTE: '0', API_PER_MINUTE: '0' });
    const ana = await signedIn(app.origin);
    assert.deepEqual(await statusesOf(Array.from({ length: 30 }, () => ana.get(API))), times(30, 200));
    assert.deepEqual(await counts(), []);
  });

  it('let everybody through where nothing can be counted, and say so once', async function () {
    needsServer(this);
    const { entries, log } = memoryLog();
    const app = await start({ API_PER_MINUTE: '2' }, { log });
    const ana = await signedIn(app.origin);
    await databases().backoffice.raw('ALTER TABLE rate_counts RENAME TO rate_counts_away');
    try {
      assert.deepEqual(await statusesOf([1, 2, 3, 4].map(() => ana.get(API))), times(4, 200));
    } finally {
      await databases().backoffice.raw('ALTER TABLE rate_counts_away RENAME TO rate_counts');
    }
    assert.deepEqual(await statusesOf([1, 2, 3].map(() => ana.get(API))), [200, 200, 429]);
    const said = entries().filter(({ message }) => String(message).includes('counted'));
    assert.deepEqual(
      said.map(({ message }) => message),
      ['requests cannot be counted: limits let everybody through', 'requests are counted again'],
    );
  });

  it('leave nothing behind of minutes that are over', async () => {
    await counts().insert([
      { key: 'old', points: 1, expire: Date.now() - 1_000 },
      { key: 'new', points: 1, expire: Date.now() + 30_000 },
    ]);
    await deleteOldCounts(databases().backoffice);
    assert.deepEqual(await counts().pluck('key'), ['new']);
  });
});

describe('an address', () => {
  it('is one client by IPv4, by a /64 of IPv6, and without one', () => {
    assert.equal(clientOf('203.0.113.7'), '203.0.113.7');
    assert.equal(clientOf('::ffff:203.0.113.7'), '203.0.113.7');
    assert.equal(clientOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(clientOf('2001:db8:1:2::9'), '2001:db8:1:2::/64');
    assert.notEqual(clientOf('2001:db8:1:3::9'), '2001:db8:1:2::/64');
    assert.equal(clientOf('203.0.113.7:51234'), '203.0.113.7', 'some proxies say the port');
    assert.equal(clientOf('[2001:db8:1:2::9]:51234'), '2001:db8:1:2::/64');
    for (const nonsense of [undefined, '', 'x'.repeat(5_000), '203.0.113.7:a', '[x]:1', "'; DROP TABLE sessions"])
      assert.deepEqual([clientOf(nonsense), addressText(nonsense)], ['unknown', 'unknown']);
    assert.deepEqual(['::ffff:203.0.113.7', '203.0.113.7:80', '[2001:db8::9]:80', '::1'].map(addressText), [
      '203.0.113.7',
      '203.0.113.7',
      '2001:db8::9',
      '::1',
    ]);
  });
});
