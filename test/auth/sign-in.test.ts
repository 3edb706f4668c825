import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import { PEOPLE } from '../../src/auth/stand-in.ts';
import { sharedApp } from '../support/app.ts';
import { ANA, createClient, location, RUI, sameSession, signIn, untilCallback } from '../support/client.ts';
import { linkTo, wordsOf } from '../support/html.ts';
import { COOKIES, countSessions, later } from '../support/session.ts';

const EVA = 'eva.lindqvist@example.com';
const TIAGO = 'tiago.melo@mythoria.pt';
const ASKED = '/ai-usage/records?period=7d&model=gpt-5&search=a%26b+%3Cc%3E&sortBy=aiModel&sortOrder=asc';

const nameOf = (email: string) => PEOPLE.find((person) => person.email === email)?.name ?? '';
const hasSession = (cookies: Map<string, string>) => [...cookies.keys()].includes(COOKIES.session);
const attemptsIn = (cookies: Map<string, string>) =>
  [...cookies.keys()].filter((name) => name.startsWith(COOKIES.signIn));

describe('signing in', () => {
  let origin: string;
  before(async () => {
    origin = (await sharedApp()).origin;
  });

  for (const email of [ANA, RUI]) {
    it(`lets ${email} in by links alone, to the address first asked for with its filters`, async () => {
      const client = createClient(origin);
      const page = await client.get(location(await client.get(ASKED)));
      assert.equal(page.status, 200);
      const google = await client.get(location(await client.get(linkTo(page, 'Sign in with Google'))));
      const callback = await client.get(linkTo(google, nameOf(email)));
      const back = await client.get(location(callback));
      assert.equal(back.status, 302);
      assert.equal(location(back), ASKED);
      const records = await client.get(ASKED);
      assert.equal(records.status, 200);
      assert.equal(wordsOf(records, '.account p'), email);
      assert.deepEqual(attemptsIn(client.cookies), [], 'the attempt is over');
    });
  }

  for (const [email, sub, reason] of [
    [EVA, '103', `${EVA} is not an address of @mythoria.pt or @caravanconcierge.com.`],
    [TIAGO, '104', `Google has not verified the address ${TIAGO}.`],
  ] as const) {
    it(`refuses ${email}, says why, offers another account and stores nothing`, async () => {
      const client = createClient(origin);
      const refused = await signIn(client, email, ASKED);
      assert.equal(refused.status, 403);
      assert.equal(wordsOf(refused, '[role=alert]'), reason);
      // Of what Google put into the address nothing is said.
      assert.doesNotMatch(refused.text, /Not understood/);
      assert.equal(refused.headers['cache-control'], 'no-store');
      assert.equal(hasSession(client.cookies), false);
      assert.equal(await countSessions({ sub }), 0);

      const again = location(await client.get(linkTo(refused, 'another Google account')));
      assert.equal(new URL(again).searchParams.get('prompt'), 'select_account');
      const google = await client.get(again);
      const entered = await client.get(location(await client.get(linkTo(google, nameOf(ANA)))));
      assert.equal(location(entered), ASKED, 'with the other account one lands where one wanted to');
    });
  }

  it('asks for a choice of account only after a refusal', async () => {
    const away = await createClient(origin).get('/auth/google?prompt=none');
    assert.equal(new URL(location(away)).searchParams.get('prompt'), null);
  });

  it('sends someone who is signed in straight on from the sign-in page', async () => {
    const client = createClient(origin);
    await signIn(client);
    const page = await client.get(`/sign-in?returnTo=${encodeURIComponent(ASKED)}`);
    assert.equal(page.status, 302);
    assert.equal(location(page), ASKED);
  });
});

describe('an attempt to sign in', () => {
  let origin: string;
  before(async () => {
    origin = (await sharedApp()).origin;
  });

  const refusedAsForeign = async (client: ReturnType<typeof createClient>, address: string) => {
    const answer = await client.get(address);
    assert.equal(answer.status, 400);
    assert.equal(
      wordsOf(answer, '[role=alert]'),
      'This sign-in was not begun in this browser, or more than ten minutes ago. Please try again.',
    );
    assert.equal(hasSession(client.cookies), false);
  };

  it('cannot be finished in another browser, whether or not that one is signing in itself', async () => {
    const attackersCallback = await untilCallback(createClient(origin), ANA);
    const idle = createClient(origin);
    await refusedAsForeign(idle, attackersCallback);
    const busy = createClient(origin);
    const ownCallback = await untilCallback(busy, RUI);
    await refusedAsForeign(busy, attackersCallback);
    assert.equal((await busy.get(ownCallback)).status, 302, 'the foreign one did not burn its own');
  });

  it('survives wrong guesses of its state', async () => {
    const client = createClient(origin);
    const callback = new URL(await untilCallback(client, ANA));
    const state = callback.searchParams.get('state') ?? '';
    const guesses = ['', 'A'.repeat(22), `${state}x`, state.slice(1), '__proto__', '../../session', 'a;b=c', '%00'];
    for (const guess of guesses) {
      await refusedAsForeign(client, `/auth/google/callback?code=x&state=${encodeURIComponent(guess)}`);
    }
    await refusedAsForeign(client, '/auth/google/callback?code=x');
    await refusedAsForeign(client, `/auth/google/callback?code=x&state=${state}&state=${state}`);
    assert.equal((await client.get(callback.href)).status, 302);
  });

  it('does not open under the name of another, nor when its cookie is changed', async () => {
    const client = createClient(origin);
    const first = await untilCallback(client, ANA, '/?first');
    const second = await untilCallback(client, ANA, '/?second');
    const [one = '', two = ''] = attemptsIn(client.cookies);
    const kept = new Map(client.cookies);
    client.cookies.set(one, kept.get(two) ?? '').set(two, kept.get(one) ?? '');
    await refusedAsForeign(client, first);

    const value = kept.get(two) ?? '';
    const middle = value.length >> 1;
    for (const changed of [
      value.slice(0, middle) + (value[middle] === 'A' ? 'B' : 'A') + value.slice(middle + 1),
      value.slice(0, 20),
      'not sealed at all',
    ]) {
      client.cookies.set(two, changed);
      await refusedAsForeign(client, second);
    }
  });

  it('goes well in two tabs at once, each to its own address, in either order', async () => {
    const client = createClient(origin);
    const first = await untilCallback(client, ANA, '/ai-usage?period=7d');
    const second = await untilCallback(client, ANA, '/ai-usage?period=90d');
    assert.equal(location(await client.get(second)), '/ai-usage?period=90d');
    assert.equal(location(await client.get(first)), '/ai-usage?period=7d');
    assert.equal((await client.get('/ai-usage')).status, 200);
  });

  it('lasts ten minutes', async () => {
    const client = createClient(origin);
    const away = await client.get('/auth/google');
    assert.match(String(away.headers['set-cookie']), /^mythoria-sign-in-[\w-]{22}=.*; Max-Age=600; Path=\/;/);
    const finished = async (begun: Response) => client.get(location(await client.get(`${location(begun)}&as=101`)));
    const second = await client.get('/auth/google');
    await later(9.9 * 60_000, async () => assert.equal((await finished(away)).status, 302));
    client.cookies.delete(COOKIES.session);
    await later(10.1 * 60_000, async () => assert.equal((await finished(second)).status, 400));
    assert.equal(hasSession(client.cookies), false);
  });

  it('is over after its callback: neither this browser nor a copy of its cookies can use it again', async () => {
    const client = createClient(origin);
    const callback = await untilCallback(client, ANA);
    const thief = sameSession(client, origin);
    assert.equal((await client.get(callback)).status, 302);
    client.cookies.delete(COOKIES.session);
    await refusedAsForeign(client, callback);
    const stolen = await thief.get(callback);
    assert.equal(stolen.status, 502, 'Google takes a code once');
    assert.equal(hasSession(thief.cookies), false);
  });

  it('that is opened once more takes whoever has signed in by it to where they wanted to go', async () => {
    const client = createClient(origin);
    const callback = await untilCallback(client, ANA, ASKED);
    assert.equal(location(await client.get(callback)), ASKED);
    for (let i = 0; i < 2; i++) {
      const again = await client.get(callback);
      assert.equal(again.status, 302);
      assert.equal(location(again), ASKED);
    }
    await signIn(client, ANA, '/account/sessions');
    assert.equal(location(await client.get(callback)), '/', 'of an earlier one nobody knows where it led');
    assert.equal((await client.get(`${callback}&error=access_denied`)).status, 400);
    const stranger = createClient(origin);
    assert.equal((await stranger.get(callback)).status, 400);
  });

  it('that is opened twice at once signs in twice, for Google is asked once', async () => {
    // On a busy machine the second may come when the first is over: then Google refuses it, as anybody's.
    for (let tries = 1; ; tries++) {
      const client = createClient(origin);
      const callback = await untilCallback(client, ANA, ASKED);
      const twice = await Promise.all([client.get(callback), client.get(callback)]);
      assert.equal((await client.get('/ai-usage')).status, 200);
      if (tries < 10 && twice.some(({ status }) => status === 502)) continue;
      assert.deepEqual(twice.map(location), [ASKED, ASKED]);
      break;
    }
  });

  it('writes no session row and no session cookie before someone has signed in', async () => {
    const before = await countSessions();
    const client = createClient(origin);
    for (const path of ['/', '/ai-usage', '/sign-in', '/auth/google', '/auth/google/callback?code=x&state=y']) {
      await client.get(path);
    }
    await untilCallback(client, ANA);
    assert.equal(hasSession(client.cookies), false);
    assert.equal(await countSessions(), before);
  });

  it('is begun whatever cookies of such a name a browser has', async () => {
    for (const name of ['a b1', '', '€', 'x'.repeat(300), 'a\tb', '(', 'A'.repeat(22)]) {
      const cookies = Array.from({ length: 8 }, (_, i) => `${COOKIES.signIn}${name}${i || ''}=x`).join('; ');
      const away = await createClient(origin).get('/auth/google', { Cookie: Buffer.from(cookies).toString('latin1') });
      assert.equal(away.status, 302, name);
      assert.match(location(away), /stand-in-for-google/);
    }
  });

  it('leaves room in the headers where two hundred tabs begin at once, of short and of long addresses, and keeps whoever is signed in', async () => {
    const client = createClient(origin);
    await signIn(client);
    // None of them knows the cookies of the others.
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const paths = Array.from({ length: 200 }, (_, i) =>
      i % 2 ? '/ai-usage' : `/ai-usage?search=${'a'.repeat(1_900)}`,
    );
    const answers = await Promise.all(
      paths.map((path) =>
        fetch(`${origin}/auth/google?returnTo=${encodeURIComponent(path)}`, {
          redirect: 'manual',
          headers: { cookie },
        }),
      ),
    );
    for (const answer of answers) {
      for (const line of answer.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        client.cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
    }
    const sizes = [...client.cookies].map(([name, value]) => name.length + value.length + 3);
    assert.ok(sizes.reduce((sum, size) => sum + size) < 12_800, `${sizes}`);
    assert.equal((await client.get('/ai-usage')).status, 200);
    // The last that came back is kept by the browser, and ends well.
    const last = answers.at(-1)?.headers.get('location') ?? '';
    const finished = await client.get(location(await client.get(`${last}&as=101`)));
    assert.equal(finished.status, 302);
  });

  it('keeps the latest of each kind where places run out, and gives a free one before a taken one', async () => {
    const client = createClient(origin);
    const callbacks: string[] = [];
    for (let i = 0; i < 12; i++) callbacks.push(await untilCallback(client, ANA, `/ai-usage?page=${i}`));
    const finish = async (callback: string) => location(await client.get(callback));
    for (let i = 8; i < 12; i++) assert.equal(await finish(callbacks[i] ?? ''), `/ai-usage?page=${i}`);
    client.cookies.delete(COOKIES.session);
    await refusedAsForeign(client, callbacks[0] ?? '');
  });

  it('leaves room in the headers, however many are abandoned and however long their addresses', async () => {
    for (const returnTo of [`/ai-usage?search=${'a'.repeat(1_900)}`, `/ai-usage?search=${'ã€'.repeat(900)}`]) {
      const client = createClient(origin);
      for (let i = 0; i < 8; i++) await client.get(`/auth/google?returnTo=${encodeURIComponent(returnTo)}`);
      const sizes = [...client.cookies].map(([name, value]) => name.length + value.length + 3);
      assert.ok(Math.max(...sizes) < 4_096, 'else browsers drop the cookie');
      assert.ok(
        sizes.reduce((sum, size) => sum + size) < 12_000,
        'else, with what browsers send besides, Node answers 431',
      );
      assert.equal((await signIn(client, ANA, returnTo)).status, 302);
    }
  });
});
