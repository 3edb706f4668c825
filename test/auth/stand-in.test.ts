import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import express from 'express';
import request from 'supertest';
import { PEOPLE, standInClient, standInForGoogle } from '../../src/auth/stand-in.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { createClient, HTMX_FRAGMENT, location, signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databaseUrls } from '../support/databases.ts';
import { signInAtFake, startFakeGoogle } from '../support/fake-google.ts';
import { wordsOf } from '../support/html.ts';
import { later } from '../support/session.ts';

const BASE = '/stand-in-for-google';

// On its own: in the app nobody but the app knows the secret of its client.
describe('the stand-in for Google', () => {
  const appUrl = new URL('http://localhost:3000');
  const client = standInClient(appUrl);
  const callback = 'http://localhost:3000/auth/google/callback';
  const app = express().use(standInForGoogle({ client, appUrl, render: (_req, res, { data }) => void res.json(data) }));

  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const authorize = (changes: Record<string, string> = {}) =>
    request(app)
      .get(`${BASE}/authorize`)
      .query({
        client_id: client.clientId,
        redirect_uri: callback,
        state: 'the-state',
        code_challenge: challenge,
        as: '101',
        ...changes,
      })
      .redirects(0)
      .ok(() => true);
  const freshCode = async () => new URL(location(await authorize())).searchParams.get('code') ?? '';
  const exchange = (code: string, changes: Record<string, string | string[]> = {}) =>
    request(app)
      .post(`${BASE}/token`)
      .type('form')
      .send({
        grant_type: 'authorization_code',
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uri: callback,
        code,
        code_verifier: verifier,
        ...changes,
      })
      .ok(() => true);
  const userinfo = (token: string) =>
    request(app)
      .get(`${BASE}/userinfo`)
      .set('Authorization', `Bearer ${token}`)
      .ok(() => true);

  it('gives a code for a person, a token for the code, and the person for the token, each once', async () => {
    const sent = new URL(location(await authorize()));
    assert.equal(sent.origin + sent.pathname, callback);
    assert.equal(sent.searchParams.get('state'), 'the-state');
    const code = sent.searchParams.get('code') ?? '';
    const token = await exchange(code);
    assert.equal(token.status, 200);
    assert.deepEqual((await userinfo(token.body.access_token)).body, PEOPLE[0]);
    assert.equal((await userinfo(token.body.access_token)).status, 401);
    const again = await exchange(code);
    assert.equal(again.status, 400);
    assert.deepEqual(again.body, { error: 'invalid_grant' });
  });

  it('knows one client and one redirect address, and sends nobody elsewhere', async () => {
    const wrong: Record<string, string>[] = [
      { client_id: 'another' },
      { client_id: '' },
      { redirect_uri: 'https://evil.example/auth/google/callback' },
      { redirect_uri: `${callback}/` },
      { redirect_uri: `${callback}?x` },
      { redirect_uri: '' },
    ];
    for (const changes of wrong) {
      const answer = await authorize(changes);
      assert.equal(answer.status, 400, JSON.stringify(changes));
      assert.equal(answer.headers.location, undefined);
    }
    const withoutPkce = await request(app)
      .get(`${BASE}/authorize`)
      .query({ client_id: client.clientId, redirect_uri: callback });
    assert.equal(withoutPkce.status, 400);
  });

  it('refuses a wrong client, and the code is spent', async () => {
    const wrong: Record<string, string>[] = [
      { client_id: 'another' },
      { client_secret: 'wrong' },
      { client_secret: '' },
    ];
    for (const changes of wrong) {
      const code = await freshCode();
      const answer = await exchange(code, changes);
      assert.equal(answer.status, 401);
      assert.deepEqual(answer.body, { error: 'invalid_client' });
      assert.equal((await exchange(code)).status, 400);
    }
  });

  it('refuses a wrong verifier, redirect address or code, and a code older than a minute', async () => {
    const wrong: Record<string, string | string[]>[] = [
      { code_verifier: 'wrong' },
      { code_verifier: challenge },
      { code_verifier: '' },
      { code_verifier: [verifier, verifier] },
      { redirect_uri: 'http://localhost:3000/elsewhere' },
      { code: 'unknown' },
      { code: '__proto__' },
      { code: ['a', 'b'] },
    ];
    for (const changes of wrong) {
      const answer = await exchange(await freshCode(), changes);
      assert.equal(answer.status, 400, JSON.stringify(changes));
      assert.deepEqual(answer.body, { error: 'invalid_grant' });
    }
    const code = await freshCode();
    assert.equal((await later(61_000, () => exchange(code))).status, 400);
    for (const token of ['', 'unknown', 'undefined']) assert.equal((await userinfo(token)).status, 401);
    assert.equal((await request(app).get(`${BASE}/userinfo`)).status, 401);
  });
});

describe('the stand-in for Google, in the app', () => {
  const opened = closing();

  it('offers its people and a way to change one’s mind, under a banner that says what it is', async () => {
    const { origin } = await sharedApp();
    const stranger = createClient(origin);
    const page = await stranger.get(location(await stranger.get('/auth/google')));
    for (const { name, email } of PEOPLE) assert.ok(page.text.includes(name) && page.text.includes(email));
    assert.match(page.text, /error=access_denied&amp;state=[\w-]{22}/);
    assert.match(wordsOf(page, '.demo-banner') ?? '', /sign-in is a stand-in for Google/);
    assert.match(wordsOf(await (await signedIn(origin)).get('/ai-usage'), '.demo-banner') ?? '', /Demo data/);
  });

  it('is nowhere in production, whatever is configured: its addresses are as closed as any', async () => {
    const google = await opened(startFakeGoogle());
    const { workflows, backoffice } = databaseUrls();
    const variables = {
      NODE_ENV: 'production',
      APP_URL: 'https://admin.mythoria.pt',
      WORKFLOWS_DATABASE_URL: workflows,
      BACKOFFICE_DATABASE_URL: backoffice,
      GOOGLE_CLIENT_ID: 'x',
      GOOGLE_CLIENT_SECRET: 'x',
      SESSION_SECRET: 'x'.repeat(32),
    };
    const app = await opened(startApp({ variables, google: () => google.client }));
    const withoutClient = await opened(startApp({ variables, google: () => null }));
    for (const { origin } of [app, withoutClient]) {
      const stranger = createClient(origin);
      for (const path of [`${BASE}/authorize`, `${BASE}/token`, `${BASE}/userinfo`]) {
        assert.match(location(await stranger.get(path)), /^\/sign-in/, path);
        assert.equal((await stranger.get(path, HTMX_FRAGMENT)).status, 401);
      }
      assert.equal((await stranger.post(`${BASE}/token`)).status, 403);
      assert.equal(wordsOf(await stranger.get('/sign-in'), '.demo-banner'), null);
    }

    const ines = createClient(app.origin);
    assert.equal((await signInAtFake(ines, '/ai-usage?period=7d')).status, 302);
    const page = await ines.get('/ai-usage?period=7d');
    assert.equal(page.status, 200);
    assert.equal(wordsOf(page, '.demo-banner'), null);
    assert.equal((await ines.get(`${BASE}/authorize`)).status, 404);
  });

  it('is not there beside a real client either', async () => {
    const google = await opened(startFakeGoogle());
    const app = await opened(startApp({ google: () => google.client }));
    assert.match(location(await createClient(app.origin).get(`${BASE}/userinfo`)), /^\/sign-in/);
  });
});
