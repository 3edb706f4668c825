import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SessionStore } from '../../src/auth/session-store.ts';
import { addTime, instantFromPostgres, isoFromInstant, MINUTE, now, SECOND } from '../../src/units/time.ts';
import { sharedApp, startApp } from '../support/app.ts';
import {
  ANA,
  type Client,
  createClient,
  location,
  sameSession,
  signedIn,
  signIn,
  untilCallback,
} from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { startProxy } from '../support/proxy.ts';
import { COOKIES, changeSession, countSessions, later, sessionRow, sidOf } from '../support/session.ts';

const HOUR = 60n * MINUTE;
const ago = (time: bigint) => isoFromInstant(addTime(now(), -time));
const ahead = (time: bigint) => ago(-time);

describe('a session', () => {
  const opened = closing();
  let origin: string;
  before(async () => {
    origin = (await sharedApp()).origin;
  });

  const isSignedIn = async (client: Client) => (await client.get('/account/sessions')).status === 200;
  const expiryOf = async (client: Client) => instantFromPostgres((await sessionRow(client))?.expire ?? '');

  it('gets its cookie once, not with every page', async () => {
    const client = await signedIn(origin);
    assert.equal((await client.get('/account/sessions')).headers['set-cookie'], undefined);
  });

  it('gets a new id at sign-in, and what was planted or used before is worth nothing', async () => {
    const client = await signedIn(origin);
    const old = createClient(origin);
    old.cookies.set(COOKIES.session, client.cookies.get(COOKIES.session) ?? '');
    const oldId = sidOf(client);
    const rows = await countSessions();
    await signIn(client);
    assert.notEqual(sidOf(client), oldId);
    assert.equal(await isSignedIn(client), true);
    assert.equal(await isSignedIn(old), false);
    assert.equal(await countSessions(), rows, 'the old row is gone');
  });

  it('is found by a hash: the table does not hold what a cookie needs', async () => {
    const client = await signedIn(origin);
    assert.ok(!JSON.stringify(await sessionRow(client)).includes(sidOf(client)));
  });

  it('ends after an hour without use', async () => {
    const client = await signedIn(origin);
    const left = (await expiryOf(client)) - now();
    assert.ok(left > 59n * MINUTE && left <= 60n * MINUTE);
    await changeSession(client, { expire: ahead(2n * MINUTE) });
    assert.equal(await isSignedIn(client), true);
    await changeSession(client, { expire: ago(SECOND) });
    assert.equal(await isSignedIn(client), false);
    assert.equal(location(await client.get('/ai-usage')), '/sign-in?returnTo=%2Fai-usage&ended=yes');
    assert.equal((await client.get('/api/ai-usage/stats')).status, 401);
  });

  it('ends after an hour by the clock of the world, whatever time zone the database is in', async () => {
    const app = await opened(
      startApp({
        urls: {
          backoffice: `${databaseUrls().backoffice}?options=${encodeURIComponent('-c TimeZone=America/Bogota')}`,
        },
      }),
    );
    const client = await signedIn(app.origin);
    assert.equal(await isSignedIn(client), true);
    await later(61 * 60_000, async () => assert.equal(await isSignedIn(client), false));
  });

  it('ends after twelve hours however much it is used', async () => {
    const client = await signedIn(origin);
    const signedInAt = ago(12n * HOUR - 10n * MINUTE);
    await changeSession(client, { signed_in_at: signedInAt, expire: ahead(2n * MINUTE) });
    assert.equal(await isSignedIn(client), true);
    assert.equal(
      await expiryOf(client),
      instantFromPostgres(`${signedInAt.replace('T', ' ').replace('Z', '')}+00`) + 12n * HOUR,
    );
    await later(11 * 60_000, async () => assert.equal(await isSignedIn(client), false));
  });

  it('is written at most once a minute: twenty page views are not twenty updates', async () => {
    const client = await signedIn(origin);
    const version = async () => {
      const row = await sessionRow(client);
      const { rows } = await databases().backoffice.raw<{ rows: { xmin: string }[] }>(
        'SELECT xmin::text FROM sessions WHERE sid_hash = ?',
        [row?.sid_hash ?? ''],
      );
      return rows[0]?.xmin;
    };
    const first = await version();
    for (let i = 0; i < 20; i++) assert.equal(await isSignedIn(client), true);
    assert.equal(await version(), first);

    await changeSession(client, { expire: ahead(58n * MINUTE), last_seen_at: ago(2n * MINUTE) });
    const aged = await version();
    for (let i = 0; i < 20; i++) assert.equal(await isSignedIn(client), true);
    assert.notEqual(await version(), aged, 'use is noticed');
    assert.ok((await expiryOf(client)) > now() + 59n * MINUTE);
  });

  it('is not brought back by a slow request that ends after sign-out', async () => {
    const proxy = await opened(startProxy(databaseUrls().workflows));
    const app = await opened(startApp({ urls: { workflows: proxy.url } }));
    const client = await signedIn(app.origin);
    await changeSession(client, { expire: ahead(30n * MINUTE) });
    const tab = sameSession(client, app.origin);
    await client.get('/ai-usage');

    await changeSession(client, { expire: ahead(30n * MINUTE) });
    const story = randomUUID();
    const begun = proxy.hold(story);
    const slow = tab.get(`/ai-usage/records?story=${story}`);
    await begun;
    const hash = (await sessionRow(client))?.sid_hash ?? '';
    await client.post('/sign-out', { 'Sec-Fetch-Site': 'same-origin' });
    proxy.release();
    assert.equal((await slow).status, 200, 'it had begun before');
    assert.equal(await countSessions({ sid_hash: hash }), 0);
    assert.equal(await isSignedIn(tab), false);
  });

  it('is only ever updated once it was loaded, also by a request that changed it', async () => {
    const client = await signedIn(origin);
    const sid = sidOf(client);
    const store = new SessionStore(databases().backoffice, COOKIES.options);
    const data = await new Promise<Parameters<typeof store.set>[1]>((resolve, reject) =>
      store.get(sid, (error, found) => (found ? resolve(found) : reject(error))),
    );
    await new Promise((resolve) => store.destroy(sid, resolve));
    await new Promise((resolve) => store.set(sid, { ...data, userAgent: 'changed' }, resolve));
    await new Promise((resolve) => store.touch(sid, { ...data, expiresAt: 0 }, resolve));
    assert.equal(await isSignedIn(client), false);
  });

  it('is none where its row holds anything else: one signs in again, and no page is an error', async () => {
    const person = { sub: '101', email: ANA, name: 'Ana' };
    const cookie = { path: '/' };
    const good = { cookie, person };
    const odd: unknown[] = [
      ...[{}, null, [], 'not an object', 7, true, { cookie }, { cookie, person: null }, { cookie, person: [] }],
      ...[
        { cookie, user: person },
        { cookie, person: { ...person, email: undefined } },
      ],
      ...[
        { cookie, person: { ...person, name: {} } },
        { ...good, arrival: 'x' },
      ],
    ];
    const changes: Parameters<typeof changeSession>[1][] = odd.map((data) => ({ data: JSON.stringify(data) }));
    for (const instant of ['infinity', '294276-12-31']) {
      changes.push(
        { data: JSON.stringify(good), signed_in_at: instant },
        { last_seen_at: instant },
        { expire: instant },
      );
    }
    changes.push({ signed_in_at: '-infinity' }, { signed_in_at: '4713-01-01 BC' }, { last_seen_at: '-infinity' });
    const [client, healthy] = [await signedIn(origin), await signedIn(origin)];
    for (const change of changes) {
      await changeSession(client, change);
      const what = JSON.stringify(change);
      assert.ok([200, 302].includes((await client.get('/account/sessions')).status), what);
      assert.equal((await client.get('/api/ai-usage/stats')).status, 401, what);
      assert.equal((await healthy.get('/account/sessions')).status, 200, what);
      assert.equal((await signIn(client)).status, 302, what);
      assert.equal(await isSignedIn(client), true, what);
    }
    // What a row may lack, or hold besides: a version before this one wrote it, or one that is to come.
    for (const data of [{ person }, { ...good, more: 1 }, { cookie: null, person }, { cookie: 'x', person }]) {
      await changeSession(healthy, { data: JSON.stringify(data) });
      assert.equal(await isSignedIn(healthy), true, JSON.stringify(data));
    }
    await healthy.post('/account/sessions/end-all', { 'Sec-Fetch-Site': 'same-origin' });
    assert.equal(await countSessions({ sub: '101' }), 0);
  });

  it('does not come from a cookie that was changed, unsigned or signed by another', async () => {
    const client = await signedIn(origin);
    const value = decodeURIComponent(client.cookies.get(COOKIES.session) ?? '');
    const sid = sidOf(client);
    const rows = await countSessions();
    for (const forged of [
      sid,
      `s:${sid}`,
      `s:${sid}.`,
      `s:${sid}.${'A'.repeat(43)}`,
      value.slice(0, -1),
      `${value}A`,
      `j:{"person":{"email":"${ANA}"}}`,
      's:.',
      's:__proto__.x',
      '%00',
      "' OR 1=1 --",
    ]) {
      const thief = createClient(origin);
      thief.cookies.set(COOKIES.session, encodeURIComponent(forged));
      const answer = await thief.get('/account/sessions');
      assert.equal(answer.status, 302, forged);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    assert.equal(await countSessions(), rows);
    assert.equal(await isSignedIn(client), true);
  });

  it('survives a new secret while the old one is still listed, and not longer', async () => {
    const [old, fresh] = ['o'.repeat(32), 'f'.repeat(32)];
    const before = await opened(startApp({ variables: { SESSION_SECRET: old } }));
    const client = await signedIn(before.origin);
    const pending = createClient(before.origin);
    const callback = new URL(await untilCallback(pending, ANA));

    const during = await opened(startApp({ variables: { SESSION_SECRET: `${fresh},${old}`, APP_URL: before.origin } }));
    const at = (origin: string, from: Client) => {
      const moved = sameSession(from, origin);
      return moved;
    };
    assert.equal(await isSignedIn(at(during.origin, client)), true);
    const attempt = await at(during.origin, pending).get(callback.pathname + callback.search);
    assert.notEqual(attempt.status, 400, 'an attempt begun before is known too');

    const after = await opened(startApp({ variables: { SESSION_SECRET: fresh } }));
    assert.equal(await isSignedIn(at(after.origin, client)), false);
  });
});
