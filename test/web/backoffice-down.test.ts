import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parse } from 'node-html-parser';
import { addTime, isoFromInstant, MINUTE, now } from '../../src/units/time.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { ANA, createClient, location, SAME_ORIGIN, signedIn, signIn, untilCallback } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databaseUrls } from '../support/databases.ts';
import { healing, held } from '../support/held.ts';
import { linkTo, wordsOf } from '../support/html.ts';
import { memoryLog } from '../support/log.ts';
import { startProxy } from '../support/proxy.ts';
import { changeSession } from '../support/session.ts';
import { APIS, assertUnavailable, PAGES } from './unavailable.ts';

describe('while backoffice_db is down', () => {
  const opened = closing();

  it('someone signed in gets a 503, is not sent to sign in, and is still signed in afterwards', async () => {
    const proxy = await opened(startProxy(databaseUrls().backoffice));
    const app = await opened(startApp({ urls: { backoffice: proxy.url } }));
    const ana = await signedIn(app.origin);
    proxy.down();
    for (const path of [...PAGES, '/account/sessions', '/sign-in']) {
      const page = await ana.get(path);
      assertUnavailable(page);
      assert.equal(linkTo(page, 'Try again'), path);
      assert.equal(wordsOf(page, '.account'), null);
    }
    for (const path of APIS) assert.equal((await ana.get(path)).body.error, 'Please try again in a moment.');
    const stillIn = await ana.post('/sign-out', SAME_ORIGIN);
    assertUnavailable(stillIn);
    const again = parse(stillIn.text).querySelector('main form');
    assert.equal(again?.querySelector('button')?.textContent, 'Try again');
    assert.equal(again.getAttribute('method'), 'post', 'a link would lead to no page, and leave one signed in');
    const stranger = createClient(app.origin);
    assert.deepEqual((await stranger.get('/readyz')).body, {
      status: 'unavailable',
      workflows: 'ok',
      backoffice: 'unavailable',
    });
    assert.equal((await stranger.get('/healthz')).status, 200);
    assert.equal((await stranger.get('/sign-in')).status, 200);
    const callback = await untilCallback(stranger, ANA);
    assertUnavailable(await stranger.get(callback));
    assert.equal(stranger.cookies.has('mythoria-session'), false);

    proxy.up();
    const healedMs = await healing(async () => assert.equal((await ana.get('/ai-usage')).status, 200));
    const errors = PAGES.length + APIS.length + 5;
    const fault = 'backoffice_db is away';
    held(import.meta.filename, { fault, requests: errors + 2, errors, healedMs, losses: 0 });
    assert.equal((await signIn(stranger)).status, 302);
    assert.equal(location(await ana.post(again.getAttribute('action') ?? '', SAME_ORIGIN)), '/sign-in');
    assert.equal((await ana.get('/account/sessions')).status, 302, 'signed out, at the second try');
  });

  it('also behind a socket file that is gone', async () => {
    const app = await opened(
      startApp({ urls: { backoffice: 'postgres://postgres@%2Fno%2Fsuch%2Ffolder/backoffice' } }),
    );
    const ana = createClient(app.origin);
    for (const [name, value] of (await signedIn((await sharedApp()).origin)).cookies) ana.cookies.set(name, value);
    assertUnavailable(await ana.get('/ai-usage'));
  });

  it('a page that was ready stays whole, though its session cannot be touched', async () => {
    const backoffice = await opened(startProxy(databaseUrls().backoffice));
    const workflows = await opened(startProxy(databaseUrls().workflows));
    const { log, entries } = memoryLog();
    const app = await opened(startApp({ urls: { backoffice: backoffice.url, workflows: workflows.url }, log }));
    const ana = await signedIn(app.origin);
    const id = randomUUID();
    for (const [path, status] of [
      [`/ai-usage/records?story=${id}`, 200],
      [`/ai-usage/records/${id}`, 404],
    ] as const) {
      await changeSession(ana, { expire: isoFromInstant(addTime(now(), 30n * MINUTE)) });
      const asked = workflows.hold(id);
      const page = ana.get(path);
      await asked;
      backoffice.down();
      workflows.release();
      const answer = await page;
      assert.equal(answer.status, status);
      assert.match(answer.text, /<\/html>\s*$/);
      assert.equal(entries().at(-1)?.status, status);
      backoffice.up();
    }
    assert.deepEqual(
      entries().filter(({ msg }) => msg === 'The database does not answer'),
      [],
    );
  });
});
