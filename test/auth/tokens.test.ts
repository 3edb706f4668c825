import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { hashOf, isSecret, makeSecret } from '../../src/auth/tokens/secret.ts';
import { MOST_TOKENS } from '../../src/auth/tokens/store.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { ANA, type Client, RUI, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { later } from '../support/session.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const SESSION_SECRET = 's'.repeat(32);
const SCOPES = ['stats', 'records', 'export', 'budgets', 'prices', 'bills', 'metrics'];
const BUDGET = { name: 'By a token', amount: '10', per: 'month' };

describe('API tokens', () => {
  let app: RunningApp;
  let ana: Client;
  let rui: Client;
  before(async () => {
    await resetUsage();
    await insertUsage([{ model: 'gpt-5' }]);
    app = await startApp({ variables: { ADMIN_EMAILS: ANA, SESSION_SECRET } });
    [ana, rui] = [await signedIn(app.origin, ANA), await signedIn(app.origin, RUI)];
  });
  after(() => app.close());
  beforeEach(async () => {
    await databases().backoffice('api_tokens').delete();
    await forgetAudit();
  });

  /** As a browser sends the form, several boxes ticked. */
  const make = async (client: Client, scopes: string[], fields: Record<string, string> = {}): Promise<string> => {
    const answer = await made(client, scopes, fields);
    assert.equal(answer.status, 200, answer.text.slice(0, 2000));
    return parse(answer.text).querySelector('code')?.text ?? '';
  };
  const made = (client: Client, scopes: string[], fields: Record<string, string> = {}, origin = app.origin) => {
    const body = new URLSearchParams([
      ...Object.entries({ name: 'nightly', ...fields }),
      ...scopes.map((scope): [string, string] => ['scopes', scope]),
    ]);
    return fetchAs(null, '/account/tokens', { method: 'POST', body }, cookieOf(client), origin);
  };
  const cookieOf = (client: Client) => ({
    Cookie: [...client.cookies].map((one) => one.join('=')).join('; '),
    'Sec-Fetch-Site': 'same-origin',
    Accept: 'text/html',
  });
  const fetchAs = async (
    token: string | null,
    path: string,
    init: RequestInit = {},
    headers: Record<string, string> = {},
    origin = app.origin,
  ) => {
    const answer = await fetch(origin + path, {
      ...init,
      headers: { ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...headers },
      redirect: 'manual',
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
  };
  const row = async () => databases().backoffice('api_tokens').first();

  it('are made on a page, shown once and kept as a hash, with a prefix and a checksum', async () => {
    const secret = await make(ana, ['stats']);
    assert.match(secret, /^mai_[0-9A-Za-z]{49}$/);
    assert.ok(!(await ana.get('/account/tokens')).text.includes(secret));
    const kept = await row();
    assert.equal(kept.token_hash, hashOf(secret));
    assert.ok(!JSON.stringify(kept).includes(secret));
    const lines = await auditLines();
    assert.deepEqual(
      lines.map(({ action, email }) => [action, email]),
      [['make token', ANA]],
    );
    assert.match(lines[0]?.details ?? '', /^“nightly” for stats, until /);
    assert.ok(!JSON.stringify(lines).includes(secret));
    for (let i = 0; i < 200; i++) {
      const other = makeSecret();
      assert.ok(isSecret(other) && other.length === 53, other);
      const at = 4 + (i % 49);
      const changed = other.slice(0, at) + (other[at] === 'a' ? 'b' : 'a') + other.slice(at + 1);
      assert.ok(!isSecret(changed), `${other} with another letter at ${at}`);
    }
  });

  const OPENED: [string, string, RegExp][] = [
    ['stats', '/api/ai-usage/stats?period=7d', /"totalRequests":1/],
    ['records', '/api/ai-usage/records?period=7d', /"aiModel":"gpt-5"/],
    ['export', '/ai-usage/records.csv?period=7d', /gpt-5/],
    ['export', '/audit.ndjson', /make token/],
    ['budgets', '/api/budgets', /"budgets":/],
    ['prices', '/api/prices', /"prices":/],
    ['bills', '/api/bills', /"bills":/],
    ['metrics', '/metrics', /^# HELP http_request_duration_seconds/m],
  ];

  it('open what their scopes say, and say which scope is missing elsewhere', async () => {
    for (const [scope, path, holds] of OPENED) {
      const right = await fetchAs(await make(rui, [scope]), path);
      assert.equal(right.status, 200, `${path}: ${right.text.slice(0, 300)}`);
      assert.match(right.text, holds);
      await databases().backoffice('api_tokens').delete();
      const wrong = await fetchAs(
        await make(
          rui,
          SCOPES.filter((other) => other !== scope),
        ),
        path,
      );
      assert.equal(wrong.status, 403, path);
      assert.equal(wrong.json().error, `This token has no scope “${scope}”, which this address takes.`);
      assert.match(
        wrong.headers.get('WWW-Authenticate') ?? '',
        new RegExp(`error="insufficient_scope", scope="${scope}"`),
      );
      await databases().backoffice('api_tokens').delete();
    }
  });

  it('open no page, no prompt and nothing else, however the address is written, whoever they are of', async () => {
    const token = await make(ana, SCOPES);
    const id = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
    for (const path of [
      '/',
      '/ai-usage',
      '/system',
      '/SYSTEM/',
      '/account/tokens',
      '/account',
      '/sign-in',
      '/audit',
      '/api/alerts',
      '/api/alerts/channels',
      `/ai-usage/records/${id}/prompt`,
      `/ai-usage/records/${id}/prompt.json`,
    ]) {
      const answer = await fetchAs(token, path, {}, cookieOf(ana));
      assert.equal(answer.status, 403, path);
      assert.match(answer.json().error, /^Tokens do not open this address/);
    }
    for (const path of [
      '/sign-out',
      '/account/tokens',
      '/account/sessions/end-all',
      '/api/ai-usage/stats',
      '/api/alerts/rules',
    ])
      assert.equal((await fetchAs(token, path, { method: 'POST' }, cookieOf(ana))).status, 403, path);
    assert.equal((await ana.get('/account')).status, 200, 'its session goes on');
  });

  it('are refused with words when they are bad, unknown, revoked, expired or of a domain that was taken off', async () => {
    const refused = async (token: string, words: RegExp, headers = {}) => {
      const answer = await fetchAs(token, '/api/ai-usage/stats', {}, headers);
      assert.equal(answer.status, 401, token);
      assert.match(answer.json().error, words);
      assert.match(
        answer.headers.get('WWW-Authenticate') ?? '',
        /^Bearer realm="Mythoria Admin", error="invalid_token"/,
      );
    };
    for (const bad of ['', 'x', 'mai_', `${makeSecret()}0`, 'mai_%00']) await refused(bad, /^This is no token/);
    await refused(makeSecret(), /not known/);
    await refused(makeSecret(), /not known/, cookieOf(ana));

    const token = await make(ana, ['stats']);
    assert.equal((await fetchAs(token, '/api/ai-usage/stats')).status, 200);
    const elsewhere = await startApp({ variables: { ALLOWED_DOMAINS: 'caravanconcierge.com' } });
    try {
      const answer = await fetch(`${elsewhere.origin}/api/ai-usage/stats`, {
        headers: { Authorization: `bearer ${token}` },
      });
      assert.equal(answer.status, 401);
      assert.match(((await answer.json()) as { error: string }).error, /may no longer enter/);
    } finally {
      await elsewhere.close();
    }
    const day = 24 * 3_600_000;
    await later(90 * day - 60_000, async () => assert.equal((await fetchAs(token, '/api/ai-usage/stats')).status, 200));
    await later(90 * day + 1, () => refused(token, /expired/));
    const { token_id: id } = await row();
    assert.equal((await ana.submit(`/account/tokens/${id}/revoke`, {})).status, 303);
    await refused(token, /revoked/);
    assert.equal((await ana.submit(`/account/tokens/${id}/revoke`, {})).status, 404, 'once');
    assert.deepEqual((await auditLines()).map(({ action, details }) => [action, details]).at(-1), [
      'revoke token',
      '“nightly”',
    ]);
    const none = await fetchAs(null, '/metrics', {}, cookieOf(ana));
    assert.equal(none.status, 401, 'metrics are for tokens only');
    assert.equal(none.headers.get('WWW-Authenticate'), 'Bearer realm="Mythoria Admin"');
  });

  it('change budgets for admins from anywhere, and never what their person may not', async () => {
    const change = (token: string | null, headers = {}) =>
      fetchAs(
        token,
        '/api/budgets',
        { method: 'POST', body: JSON.stringify(BUDGET) },
        { 'Content-Type': 'application/json', ...headers },
      );
    const readers = await change(await make(rui, ['budgets']));
    assert.equal(readers.status, 403);
    assert.match(readers.json().error, /^Only admins may do this: ana/);
    const token = await make(ana, ['budgets']);
    const answer = await change(token, { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://elsewhere.example' });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(
      (await auditLines()).at(-1)?.details,
      'By a token: €10.00 per month, all calls, by the token “nightly”',
    );
    assert.equal((await fetchAs(token, `/api/budgets/${answer.json().id}`, { method: 'DELETE' })).status, 204);
    assert.equal((await change(null, cookieOf(ana))).status, 201);
    assert.equal(
      (await change(null, { ...cookieOf(ana), 'Sec-Fetch-Site': 'cross-site' })).status,
      403,
      'without a token',
    );
  });

  it('take files with prompts for admins only, and who took one by which token is written down', async () => {
    assert.match(
      (await ana.get('/account/tokens')).text,
      /as a file, and for admins records with prompts/,
      'known before',
    );
    const path = '/ai-usage/records.ndjson?period=7d&include=prompt';
    assert.equal((await fetchAs(await make(rui, ['export']), path)).status, 403);
    const answer = await fetchAs(await make(ana, ['export'], { name: 'Back-up' }), path);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    const last = (await auditLines()).at(-1);
    assert.deepEqual([last?.action, last?.email], ['export with prompts', ANA]);
    assert.match(last?.details ?? '', /, by the token “Back-up”$/);
  });

  it('say when and from where they were used last, written at most once a minute', async () => {
    const token = await make(ana, ['stats']);
    const use = async () => {
      await fetchAs(token, '/api/ai-usage/stats');
      await new Promise((resolve) => setTimeout(resolve, 100));
      return String((await row()).last_used_at);
    };
    const first = await use();
    assert.match((await row()).last_used_from, /127\.0\.0\.1|::1/);
    assert.equal(await use(), first);
    assert.ok((await later(61_000, use)) > first);
    assert.match(
      parse((await ana.get('/account/tokens')).text).querySelector('.access')?.text ?? '',
      /127\.0\.0\.1|::1/,
    );
  });

  it('are twenty of a person at most, however many forms are sent at once, to two processes; what is wrong is said and makes none', async () => {
    const other = await startApp({ variables: { ADMIN_EMAILS: ANA, SESSION_SECRET } });
    const origins = Array.from({ length: MOST_TOKENS + 5 }, (_, i) => (i % 2 ? app.origin : other.origin));
    const answers = await Promise.all(origins.map((origin) => made(rui, ['stats'], {}, origin)));
    await other.close();
    assert.equal(answers.filter(({ status }) => status === 200).length, MOST_TOKENS);
    assert.equal(answers.filter(({ status }) => status === 400).length, 5);
    assert.match((await rui.get('/account/tokens')).text, /as many as there may be/);
    await databases().backoffice('api_tokens').delete();
    const WRONG: [string[], Record<string, string>, RegExp][] = [
      [[], {}, /takes one or several of stats, records/],
      [['stats', 'everything'], {}, /takes one or several of stats, records/],
      [['stats'], { name: ' ' }, /takes a name/],
      [['stats'], { days: '367' }, /takes a number of days, 1 to 366/],
      [['stats'], { days: '0' }, /1 to 366/],
      [['stats'], { days: '1e2' }, /1 to 366/],
      [['stats'], { admin: '1' }, /admin is not known here/],
    ];
    for (const [scopes, fields, words] of WRONG) {
      const answer = await made(ana, scopes, fields);
      assert.equal(answer.status, 400, JSON.stringify(fields));
      assert.match(answer.text, words);
    }
    assert.equal(await row(), undefined);
    await make(ana, ['stats'], { days: '366' });
  });

  it('of others are seen and revoked by admins alone', async () => {
    await make(rui, ['stats'], { name: 'Rui’s own' });
    const { token_id: id } = await row();
    assert.equal((await rui.get('/account/tokens/everyone')).status, 403);
    assert.equal((await rui.submit(`/account/tokens/everyone/${id}/revoke`, {})).status, 403);
    assert.equal((await ana.submit(`/account/tokens/${id}/revoke`, {})).status, 404, 'not among her own');
    assert.ok(!(await ana.get('/account/tokens')).text.includes('Rui’s own'));
    assert.match((await ana.get('/account/tokens/everyone')).text, /Rui’s own/);
    assert.equal((await ana.submit(`/account/tokens/everyone/${id}/revoke`, {})).status, 303);
    assert.equal((await auditLines()).at(-1)?.details, `“Rui’s own” of ${RUI}`);
    assert.notEqual((await row()).revoked_at, null);
  });
});
