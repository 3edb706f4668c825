import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { browserWords } from '../../src/auth/sessions/browser-words.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import {
  ANA,
  type Client,
  createClient,
  location,
  RUI,
  sameSession,
  signedIn,
  untilCallback,
} from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { squeeze } from '../support/page.ts';
import { sessionRow } from '../support/session.ts';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0';

/** What browsers say of themselves, as of 2026. */
const SAID: Record<string, string> = {
  'Firefox on Windows': FIREFOX,
  'Edge on Windows':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0',
  'Chrome on Android':
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36',
  'Chrome on iPhone':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0.0.0 Mobile/15E148 Safari/604.1',
  'Safari on macOS':
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
  'Chrome on Linux':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/143.0.0.0 Safari/537.36',
  'curl/8.9.1': 'curl/8.9.1',
  Unknown: ' ',
};

describe('the page of sessions says where, and ends', () => {
  let app: RunningApp;
  let replica: RunningApp;
  before(async () => {
    app = await startApp({ variables: { ADMIN_EMAILS: ANA, PROXIES: '1' } });
    replica = await startApp({ variables: { ADMIN_EMAILS: ANA, PROXIES: '1' } });
  });
  after(async () => {
    await app.close();
    await replica.close();
  });
  beforeEach(async () => {
    await databases().backoffice('sessions').delete();
    await forgetAudit();
  });

  const from = async (address: string, email: string, userAgent = FIREFOX): Promise<Client> => {
    const client = createClient(app.origin);
    await client.get(await untilCallback(client, email), { 'X-Forwarded-For': address, 'User-Agent': userAgent });
    return client;
  };
  const there = (client: Client) => {
    const same = sameSession(client, replica.origin);
    return same;
  };
  const isSignedIn = async (client: Client) => (await there(client).get('/account')).status === 200;
  const rows = async (client: Client, path = '/account/sessions') =>
    parse((await client.get(path)).text)
      .querySelectorAll('tbody tr')
      .map((row) => row.querySelectorAll('th, td').map((cell) => squeeze(cell.text)));
  const hashOf = async (client: Client) => (await sessionRow(client))?.sid_hash ?? '';

  it('names browsers in words', () => {
    for (const [words, userAgent] of Object.entries(SAID)) assert.equal(browserWords(userAgent), words);
  });

  it('with browser and address of each, and marks this one', async () => {
    await from('::ffff:203.0.113.7', ANA);
    const phone = await from('2001:db8::7', ANA, SAID['Chrome on iPhone']);
    await from('198.51.100.1', RUI);
    const shown = await rows(phone);
    assert.deepEqual(shown.map((row) => row.slice(0, 2)).sort(), [
      ['Chrome on iPhone this one', '2001:db8::7'],
      ['Firefox on Windows', '203.0.113.7'],
    ]);
    assert.deepEqual(shown.map((row) => row.at(-1)).sort(), ['End', 'Sign out']);
  });

  it('one, for all processes at once, and of nobody else', async () => {
    const [laptop, phone, rui] = [
      await from('203.0.113.7', ANA),
      await from('203.0.113.8', ANA),
      await from('198.51.100.1', RUI),
    ];
    assert.equal(await isSignedIn(phone), true);
    const ended = await laptop.submit(`/account/sessions/${await hashOf(phone)}/end`, {});
    assert.equal(location(ended), '/account/sessions');
    assert.deepEqual([await isSignedIn(phone), await isSignedIn(laptop)], [false, true]);
    const [line] = await auditLines();
    assert.equal(line?.action, 'end session');
    assert.match(line?.details ?? '', /^Firefox on Windows at 203\.0\.113\.8, signed in /);
    for (const id of [await hashOf(rui), 'x', '%00', await hashOf(phone)])
      assert.equal((await laptop.submit(`/account/sessions/${id}/end`, {})).status, 404, id);
    assert.equal(await isSignedIn(rui), true);
    assert.equal(location(await laptop.submit(`/account/sessions/${await hashOf(laptop)}/end`, {})), '/sign-in');
    assert.equal(laptop.cookies.size, 0);
  });

  it('all others, or all, of one person', async () => {
    const [laptop, phone, rui] = [
      await from('203.0.113.7', ANA),
      await from('203.0.113.8', ANA),
      await from('198.51.100.1', RUI),
    ];
    await laptop.submit('/account/sessions/end-others', {});
    assert.deepEqual([await isSignedIn(phone), await isSignedIn(laptop), await isSignedIn(rui)], [false, true, true]);
    assert.ok(!(await laptop.get('/account/sessions')).text.includes('End all others'));
    await laptop.submit('/account/sessions/end-all', {});
    assert.equal(await isSignedIn(rui), true);
    assert.deepEqual(
      (await auditLines()).map(({ action, details }) => [action, details]),
      [
        ['end other sessions', '1 session'],
        ['end all sessions', '1 session'],
      ],
    );
  });

  it('those of everybody, for admins alone', async () => {
    const [ana, rui] = [await signedIn(app.origin, ANA), await from('198.51.100.1', RUI)];
    assert.equal((await rui.get('/account/sessions/everyone')).status, 403);
    assert.equal((await rui.submit(`/account/sessions/everyone/${await hashOf(ana)}/end`, {})).status, 403);
    assert.deepEqual((await rows(ana, '/account/sessions/everyone')).map((row) => row[1]).sort(), [ANA, RUI]);
    const answer = await ana.submit(`/account/sessions/everyone/${await hashOf(rui)}/end`, {});
    assert.equal(location(answer), '/account/sessions/everyone');
    assert.equal(await isSignedIn(rui), false);
    assert.match((await auditLines()).at(-1)?.details ?? '', /, of rui\.costa@caravanconcierge\.com$/);
  });
});
