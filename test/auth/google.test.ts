import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { createClient, location, untilCallback } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import {
  ACCESS_TOKEN,
  type FakeGoogle,
  halfAnswer,
  json,
  profileOf,
  signInAtFake,
  silence,
  startFakeGoogle,
} from '../support/fake-google.ts';
import { wordsOf } from '../support/html.ts';
import { memoryLog } from '../support/log.ts';
import { countSessions } from '../support/session.ts';

describe('what is said to Google', () => {
  let google: FakeGoogle;
  let app: RunningApp;
  const { log, lines } = memoryLog();
  before(async () => {
    google = await startFakeGoogle();
    app = await startApp({ google: () => google.client, log });
  });
  after(async () => {
    await app.close();
    await google.close();
  });

  it('is one round trip with PKCE, the secret and the token where no log keeps them', async () => {
    const client = createClient(app.origin);
    const away = new URL(location(await client.get('/auth/google?returnTo=/ai-usage')));
    assert.equal(away.origin + away.pathname, google.client.authorizationUrl);
    const { state, code_challenge: challenge, ...asked } = Object.fromEntries(away.searchParams);
    assert.deepEqual(asked, {
      response_type: 'code',
      redirect_uri: `${app.origin}/auth/google/callback`,
      scope: 'openid email profile',
      client_id: google.client.clientId,
      code_challenge_method: 'S256',
      hd: '*',
    });

    google.requests.length = 0;
    const back = await client.get(`/auth/google/callback?code=the-code&state=${state}`);
    assert.equal(location(back), '/ai-usage');
    const [token, userinfo] = google.requests;
    const form = Object.fromEntries(new URLSearchParams(token?.body));
    assert.equal(token?.url, '/token', 'nothing in the query string');
    assert.equal(form.code, 'the-code');
    assert.equal(form.redirect_uri, asked.redirect_uri);
    assert.equal(form.client_secret, google.client.clientSecret);
    assert.equal(
      createHash('sha256')
        .update(form.code_verifier ?? '')
        .digest('base64url'),
      challenge,
    );
    assert.equal(userinfo?.url, '/userinfo', 'nothing in the query string');
    assert.equal(userinfo?.headers.authorization, `Bearer ${ACCESS_TOKEN}`);

    for (const secret of ['the-code', state, challenge, form.code_verifier, ACCESS_TOKEN, google.client.clientSecret]) {
      assert.ok(secret && !lines.join('').includes(secret), `the log holds ${secret}`);
    }
  });

  it('is a new state and a new verifier each time', async () => {
    const client = createClient(app.origin);
    const asked = async () => new URL(location(await client.get('/auth/google'))).searchParams;
    const [one, two] = [await asked(), await asked()];
    assert.notEqual(one.get('state'), two.get('state'));
    assert.notEqual(one.get('code_challenge'), two.get('code_challenge'));
  });

  it('is decided by what Google then says of the person, and nothing is kept of someone refused', async () => {
    const refused = [
      { email_verified: 'true' },
      { email_verified: false },
      { hd: undefined },
      { hd: 'evil.example' },
      { email: 'ines@evilmythoria.pt', hd: 'evilmythoria.pt' },
      { email: 'ines@evil.example@mythoria.pt' },
      { sub: undefined },
    ];
    const before = await countSessions();
    for (const claims of refused) {
      google.answers.userinfo = profileOf(claims);
      const client = createClient(app.origin);
      const answer = await signInAtFake(client);
      assert.equal(answer.status, 403, JSON.stringify(claims));
      assert.deepEqual([...client.cookies.keys()], []);
    }
    assert.equal(await countSessions(), before);
    google.answers.userinfo = profileOf({});
    assert.equal((await signInAtFake(createClient(app.origin))).status, 302);
  });

  it('escapes what Google says', async () => {
    google.answers.userinfo = profileOf({ email: '<img src=x onerror=alert(1)>@evil.example' });
    assert.ok(!(await signInAtFake(createClient(app.origin))).text.includes('<img'));
    google.answers.userinfo = profileOf({ name: '<b>Inês</b>"\'' });
    const client = createClient(app.origin);
    await signInAtFake(client);
    assert.equal(wordsOf(await client.get('/account/sessions'), '.account summary'), '<b>Inês</b>"\'');
    google.answers.userinfo = profileOf({});
  });

  it('keys a person on the subject: under a new address they are the same person', async () => {
    const sub = `subject-${process.pid}`;
    for (const email of ['ines@mythoria.pt', 'ines.alves@mythoria.pt']) {
      google.answers.userinfo = profileOf({ sub, email });
      await signInAtFake(createClient(app.origin));
    }
    assert.equal(await countSessions({ sub }), 2);
    google.answers.userinfo = profileOf({});
  });
});

describe('when Google does not confirm a sign-in', () => {
  const opened = closing();
  const mayTryAgain = async (client: ReturnType<typeof createClient>) => {
    const answer = await signInAtFake(client, '/ai-usage?period=7d');
    assert.equal(answer.status, 502);
    assert.equal(wordsOf(answer, '[role=alert]'), 'Google did not confirm this sign-in. Please try again.');
    assert.match(answer.text, /returnTo=%2Fai-usage%3Fperiod%3D7d/);
    assert.deepEqual([...client.cookies.keys()], []);
    return answer;
  };

  for (const [name, breaks] of [
    ['the token is refused', { token: json({ error: 'invalid_grant', error_description: 'geheim' }, 400) }],
    ['the token endpoint fails', { token: json('geheim', 500) }],
    ['there is no token in the answer', { token: json({}) }],
    ['the person is refused', { userinfo: json({ error: { message: 'geheim' } }, 401) }],
    ['the person is no JSON', { userinfo: (res: { end: (text: string) => void }) => res.end('<html>geheim') }],
  ] as const) {
    it(`because ${name}, one may try again and learns nothing more`, async () => {
      const google = await opened(startFakeGoogle());
      const { log, lines } = memoryLog();
      const app = await opened(startApp({ google: () => google.client, log }));
      Object.assign(google.answers, breaks);
      const answer = await mayTryAgain(createClient(app.origin));
      assert.ok(!answer.text.includes('geheim'));
      assert.match(lines.join(''), /sign-in failed at Google/);
      assert.ok(!lines.join('').includes('code-of-the-fake'));
    });
  }

  it('because it is silent, one waits about five seconds and not for ever', async () => {
    // All at once: each takes as long as the app has patience, which cannot be shortened without configuring it.
    await Promise.all(
      [{ token: silence }, { token: halfAnswer }, { userinfo: silence }, { userinfo: halfAnswer }].map(
        async (breaks) => {
          const google = await opened(startFakeGoogle());
          const app = await opened(startApp({ google: () => google.client }));
          Object.assign(google.answers, breaks);
          const started = performance.now();
          await mayTryAgain(createClient(app.origin));
          const seconds = (performance.now() - started) / 1000;
          // No more than that can be said where others use the machine too; for ever is what mocha ends.
          assert.ok(seconds > 4, `${seconds} s`);
        },
      ),
    );
  });

  it('because it is not there, one is told at once', async () => {
    const google = await opened(startFakeGoogle());
    const app = await opened(startApp({ google: () => google.client }));
    await google.close();
    await mayTryAgain(createClient(app.origin));
  });
});

describe('the callback', () => {
  const opened = closing();
  const origin = async () => (await sharedApp()).origin;

  it('answers an error from Google with fixed words: what stands in the address is anybody’s', async () => {
    const attack = 'error_description=Call%20%2B351%20900%20now&error_uri=https%3A%2F%2Fevil.example';
    for (const error of ['access_denied', 'server_error', '%3Cscript%3E', '', 'a&error=b']) {
      const client = createClient(await origin());
      const answer = await client.get(`/auth/google/callback?error=${error}&${attack}`);
      assert.equal(answer.status, 400);
      assert.equal(wordsOf(answer, '[role=alert]'), 'Google did not sign you in.');
      assert.doesNotMatch(answer.text, /351|evil\.example|<script>|server_error|access_denied/);
    }
  });

  it('remembers where a person who pressed Cancel wanted to go', async () => {
    const client = createClient(await origin());
    const callback = new URL(await untilCallback(client, 'ana.sousa@mythoria.pt', '/ai-usage?period=7d'));
    callback.searchParams.delete('code');
    callback.searchParams.set('error', 'access_denied');
    const answer = await client.get(callback.href);
    assert.equal(answer.status, 400);
    assert.match(answer.text, /returnTo=%2Fai-usage%3Fperiod%3D7d/);
  });

  it('takes one code, and answers none, an empty one or two with a 400', async () => {
    for (const code of ['', '&code=', '&code=a&code=b', '&code[]=a']) {
      const client = createClient(await origin());
      const callback = new URL(await untilCallback(client, 'ana.sousa@mythoria.pt'));
      const state = callback.searchParams.get('state');
      const answer = await client.get(`/auth/google/callback?state=${state}${code}`);
      assert.equal(answer.status, 400, code);
      assert.equal(client.cookies.has('mythoria-session'), false);
    }
  });

  it('and every other absolute address come from configuration, whatever a request says of its host', async () => {
    const app = await opened(startApp());
    const lies = {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Port': '444',
      Forwarded: 'host=evil.example;proto=https',
      'X-Original-URL': '/account/sessions',
      'X-Rewrite-URL': '/account/sessions',
    };
    const away = await createClient(app.origin).get('/auth/google', lies);
    assert.equal(new URL(location(away)).searchParams.get('redirect_uri'), `${app.origin}/auth/google/callback`);
    const redirect = await createClient(app.origin).get('/ai-usage?period=7d', lies);
    assert.equal(location(redirect), '/sign-in?returnTo=%2Fai-usage%3Fperiod%3D7d');
    const page = await createClient(app.origin).get('/sign-in', lies);
    assert.ok(!page.text.includes('evil.example'));
  });
});
