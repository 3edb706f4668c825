import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { sharedApp, startApp } from '../support/app.ts';
import {
  ANA,
  type Client,
  createClient,
  HTMX_FRAGMENT,
  location,
  RUI,
  SAME_ORIGIN,
  sameSession,
  signedIn,
} from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databases } from '../support/databases.ts';
import { wordsOf } from '../support/html.ts';
import { countSessions, sessionRow } from '../support/session.ts';

const isSignedIn = async (client: Client) => (await client.get('/account/sessions')).status === 200;

describe('signing out', () => {
  let origin: string;
  before(async () => {
    origin = (await sharedApp()).origin;
  });

  it('is a form on every page; following its address does nothing', async () => {
    const client = await signedIn(origin);
    const form = parse((await client.get('/ai-usage')).text).querySelector('form[action="/sign-out"]');
    assert.equal(form?.getAttribute('method'), 'post');
    assert.equal((await client.get('/sign-out')).status, 405);
    assert.equal(await isSignedIn(client), true);
  });

  it('ends this session, takes its cookie away and leads to the sign-in page', async () => {
    const client = await signedIn(origin);
    const kept = sameSession(client, origin);
    const other = await signedIn(origin);
    const stranger = await signedIn(origin, RUI);

    const answer = await client.post('/sign-out', SAME_ORIGIN);
    assert.equal(answer.status, 303);
    assert.equal(location(answer), '/sign-in');
    assert.match(String(answer.headers['set-cookie']), /^mythoria-session=; Path=\/; Expires=Thu, 01 Jan 1970/);
    assert.equal(client.cookies.size, 0);
    assert.equal(await isSignedIn(kept), false, 'a copy of the cookie is worth nothing');
    assert.equal(await isSignedIn(other), true);
    assert.equal(await isSignedIn(stranger), true);
  });

  it('asks those who are not signed in to sign in', async () => {
    const answer = await createClient(origin).post('/sign-out', SAME_ORIGIN);
    assert.equal(answer.status, 302);
    assert.equal(location(answer), '/sign-in', 'not back to an address that only takes forms');
  });
});

describe('the page of sessions', () => {
  let origin: string;
  before(async () => {
    origin = (await sharedApp()).origin;
  });
  beforeEach(() => databases().backoffice('sessions').delete());

  const signedInWith = async (userAgent: string, email = ANA) => {
    const client = createClient(origin);
    const away = await client.get('/auth/google');
    const chosen = await client.get(`${location(away)}&as=${email === ANA ? '101' : '102'}`);
    await client.get(location(chosen), { 'User-Agent': userAgent });
    return client;
  };
  const browsers = async (client: Client) =>
    parse((await client.get('/account/sessions')).text)
      .querySelectorAll('tbody th')
      .map((cell) => cell.textContent.replace(/\s+/g, ' ').trim());

  it('lists those of this person that could still be used, with this one marked and nothing unescaped', async () => {
    const phone = await signedInWith('Phone <b>1</b>');
    const laptop = await signedInWith('Laptop');
    await signedInWith('Tablet', RUI);
    const expired = await signedInWith('Old');
    const row = await sessionRow(expired);
    await databases()
      .backoffice('sessions')
      .where({ sid_hash: row?.sid_hash })
      .update({ expire: '2026-01-01T00:00:00Z' });
    assert.deepEqual((await browsers(laptop)).sort(), ['Laptop this one', 'Phone <b>1</b>']);
    assert.deepEqual((await browsers(phone)).sort(), ['Laptop', 'Phone <b>1</b> this one']);
  });

  it('ends them all, and nobody else’s', async () => {
    const phone = await signedInWith('Phone');
    const laptop = await signedInWith('Laptop');
    const rui = await signedInWith('Tablet', RUI);
    const form = parse((await laptop.get('/account/sessions')).text).querySelector('main form[action$="/end-all"]');
    assert.equal(form?.getAttribute('method'), 'post');
    const answer = await laptop.post(form?.getAttribute('action') ?? '', SAME_ORIGIN);
    assert.equal(location(answer), '/sign-in');
    assert.equal(await isSignedIn(phone), false);
    assert.equal(await isSignedIn(laptop), false);
    assert.equal(await isSignedIn(rui), true);
    assert.equal(await countSessions({ sub: '101' }), 0, 'the request itself does not save its session again');
  });
});

describe('a domain taken off the list', () => {
  const opened = closing();

  const movedTo = async (from: Client) => {
    const app = await opened(startApp({ variables: { ALLOWED_DOMAINS: 'caravanconcierge.com' } }));
    const client = sameSession(from, app.origin);
    return client;
  };
  const signedInBefore = async (email: string) => signedIn((await sharedApp()).origin, email);

  it('ends its sessions at the API with 403, once: then nobody is signed in', async () => {
    const before = await signedInBefore(ANA);
    const row = await sessionRow(before);
    const client = await movedTo(before);
    const forbidden = await client.get('/api/ai-usage/stats', { Accept: 'application/json' });
    assert.equal(forbidden.status, 403);
    assert.deepEqual(forbidden.body, { error: 'Forbidden' });
    assert.equal(await countSessions({ sid_hash: row?.sid_hash }), 0);
    assert.equal((await client.get('/api/ai-usage/stats')).status, 401);
    assert.equal(await isSignedIn(before), false, 'nor where the domain is still on the list');
  });

  it('ends its sessions at a page by way of sign-in, and at a fragment with the whole window', async () => {
    const page = await (await movedTo(await signedInBefore(ANA))).get('/ai-usage?period=7d');
    assert.equal(page.status, 302);
    assert.equal(location(page), '/sign-in?returnTo=%2Fai-usage%3Fperiod%3D7d&ended=yes');
    const client = await movedTo(await signedInBefore(ANA));
    const fragment = await client.get('/ai-usage', { ...HTMX_FRAGMENT, 'HX-Current-URL': 'http://localhost/' });
    assert.equal(fragment.status, 401);
    assert.equal(fragment.headers['hx-redirect'], '/sign-in?ended=yes');
  });

  it('does not go round in circles at the sign-in page', async () => {
    const client = await movedTo(await signedInBefore(ANA));
    let answer = await client.get('/sign-in?returnTo=%2Fai-usage');
    for (let i = 0; answer.status === 302 && i < 3; i++) answer = await client.get(location(answer));
    assert.equal(answer.status, 200);
    assert.equal(wordsOf(answer, 'h1'), 'Sign in');
  });

  it('leaves the sessions of the others alone', async () => {
    assert.equal(await isSignedIn(await movedTo(await signedInBefore(RUI))), true);
  });
});
