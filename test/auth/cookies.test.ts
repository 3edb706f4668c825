import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import { sharedApp, startApp } from '../support/app.ts';
import { createClient, SAME_ORIGIN, signIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { signInAtFake, startFakeGoogle } from '../support/fake-google.ts';

/** Name and attributes of each cookie that an answer sets or takes away, but for its age. */
const cookiesIn = (answer: Response) =>
  ((answer.headers['set-cookie'] ?? []) as unknown as string[]).map((line) => {
    const [pair = '', ...attributes] = line.split('; ');
    const lasting = attributes.filter((attribute) => !/^(Expires|Max-Age)=/.test(attribute));
    return [pair.replace(/=.*/, '').replace(/-[\w-]{22}$/, ''), ...lasting.sort()].join('; ');
  });

describe('cookies', () => {
  const opened = closing();

  it('over https are __Host-, and scripts, other sites, subdomains and plain http do not get them', async () => {
    const google = await opened(startFakeGoogle());
    const variables = { APP_URL: 'https://admin.mythoria.pt' };
    const { origin } = await opened(startApp({ variables, google: () => google.client }));
    const client = createClient(origin);
    const closed = '; HttpOnly; Path=/; SameSite=Lax; Secure';
    assert.deepEqual(cookiesIn(await client.get('/auth/google')), [`__Host-sign-in${closed}`]);
    const entered = await signInAtFake(client);
    assert.deepEqual(cookiesIn(entered), [`__Host-sign-in${closed}`, `__Host-session${closed}`]);
    assert.equal((await client.get('/account/sessions')).status, 200);
    const left = await client.post('/sign-out', SAME_ORIGIN);
    assert.deepEqual(cookiesIn(left), [`__Host-session${closed}`], 'else browsers would keep it');
  });

  it('over http, on this machine, are neither Secure nor __Host-: WebKit keeps none that is', async () => {
    const { origin } = await sharedApp();
    const client = createClient(origin);
    const local = '; HttpOnly; Path=/; SameSite=Lax';
    assert.deepEqual(cookiesIn(await client.get('/auth/google')), [`mythoria-sign-in${local}`]);
    assert.deepEqual(cookiesIn(await signIn(client)), [`mythoria-sign-in${local}`, `mythoria-session${local}`]);
    assert.deepEqual(cookiesIn(await client.post('/sign-out', SAME_ORIGIN)), [`mythoria-session${local}`]);
  });

  it('of https are worth nothing over http, and the other way round', async () => {
    const { origin } = await sharedApp();
    const client = createClient(origin);
    await signIn(client);
    client.cookies.set('__Host-session', client.cookies.get('mythoria-session') ?? '');
    client.cookies.delete('mythoria-session');
    assert.equal((await client.get('/account/sessions')).status, 302);
  });
});
