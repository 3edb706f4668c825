import assert from 'node:assert/strict';
import request from 'supertest';
import { type RunningApp, sharedApp } from '../support/app.ts';
import { createClient, type Headers, signedIn } from '../support/client.ts';
import { wordsOf } from '../support/html.ts';

describe('a change asked for by another site', () => {
  let app: RunningApp;
  before(async () => {
    app = await sharedApp();
  });

  const REFUSED: Headers[] = [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'none' },
    { 'Sec-Fetch-Site': '' },
    { 'Sec-Fetch-Site': 'same-origin, cross-site' },
    {},
    { Origin: 'null' },
    { Origin: '' },
    { Origin: 'https://evil.example' },
    { Referer: 'http://localhost/' },
  ];

  it('is refused with 403 before anything happens', async () => {
    const client = await signedIn(app.origin);
    const ours = { Origin: app.origin };
    const lookalikes = [`${app.origin}.evil.example`, `${app.origin}0`, app.origin.replace('http', 'https')];
    for (const headers of [
      ...REFUSED,
      ...lookalikes.map((Origin) => ({ Origin })),
      { 'Sec-Fetch-Site': 'cross-site', ...ours },
    ]) {
      for (const path of ['/sign-out', '/account/sessions/end-all']) {
        const answer = await client.post(path, headers);
        assert.equal(answer.status, 403, JSON.stringify(headers));
        assert.equal(wordsOf(answer, 'main p:not(.status)'), 'This request did not come from a page of this site.');
      }
    }
    assert.equal((await client.get('/account/sessions')).status, 200, 'still signed in');
  });

  it('is refused by whatever method, and at addresses that do not exist', async () => {
    for (const method of ['post', 'put', 'patch', 'delete'] as const) {
      for (const path of ['/ai-usage', '/no-such-page', '/sign-in']) {
        const answer = await request(app.origin)
          [method](path)
          .set({ 'Sec-Fetch-Site': 'cross-site' })
          .ok(() => true);
        assert.equal(answer.status, 403, `${method} ${path}`);
      }
    }
  });

  it('is told apart from one of ours, by Sec-Fetch-Site or, in old browsers, by Origin', async () => {
    const ours: Headers[] = [{ 'Sec-Fetch-Site': 'same-origin' }, { Origin: app.origin }];
    for (const headers of ours) {
      const client = await signedIn(app.origin);
      assert.equal((await client.post('/sign-out', headers)).status, 303);
      assert.equal((await client.get('/account/sessions')).status, 302);
    }
  });

  it('does not include following a link from a mail', async () => {
    const client = await signedIn(app.origin);
    assert.equal((await client.get('/ai-usage', { 'Sec-Fetch-Site': 'cross-site' })).status, 200);
    assert.equal((await createClient(app.origin).get('/sign-in', { 'Sec-Fetch-Site': 'none' })).status, 200);
  });
});
