import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { resetAlerts } from '../support/alerts.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { type Client, createClient, location, RUI, sameSession, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';

const FORMS = [
  ['/budgets', 'budgets', { name: 'Twice', amount: '10', per: 'month', filter: '' }, { amount: '11' }],
  [
    '/alerts/channels',
    'channels',
    { type: 'email', name: 'Twice', to: 'on-call@example.com' },
    { to: 'b@example.com' },
  ],
  ['/alerts/rules', 'alert_rules', { name: 'Twice', type: 'silence', hours: '3' }, { hours: '4' }],
] as const;

describe('a form that is sent twice, as by a double click', () => {
  let ana: Client;
  let rui: Client;
  let elsewhere: RunningApp;
  /** The same person at another replica, whose requests wait for nobody's of this one. */
  let anaElsewhere: Client;
  before(async () => {
    const { origin } = await sharedApp();
    ana = await signedIn(origin);
    elsewhere = await startApp();
    anaElsewhere = sameSession(ana, elsewhere.origin);
    rui = await signedIn(origin, RUI);
  });
  beforeEach(async () => {
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
  after(async () => {
    await elsewhere.close();
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });

  for (const [path, table, fields, other] of FORMS)
    it(`makes one thing, and both lead to it: ${path}`, async () => {
      const { backoffice } = databases();
      const answers = await Promise.all([ana.submit(path, fields), anaElsewhere.submit(path, fields)]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [303, 303],
      );
      const [first, second] = answers.map(location);
      assert.equal(first, second);
      assert.equal((await ana.get(first ?? '')).status, 200);
      assert.equal((await backoffice(table)).length, 1);
      assert.equal((await backoffice('audit_log').where({ subject: first })).length, 1);
      const others = await Promise.all([rui.submit(path, fields), ana.submit(path, { ...fields, ...other })]);
      assert.equal(new Set([first, ...others.map(location)]).size, 3, 'who else makes it, or something else, does');
      assert.equal((await backoffice(table)).length, 3);
    });

  it('makes one API token, shown by each answer, whichever replicas they come to: the last is what a browser shows', async () => {
    const { backoffice } = databases();
    await backoffice('api_tokens').delete();
    await forgetAudit();
    try {
      const keyOn = async (client: Client) =>
        parse((await client.get('/account/tokens')).text)
          .querySelector('input[name=formKey]')
          ?.getAttribute('value') ?? '';
      const fields = { name: 'Twice', scopes: 'stats', formKey: await keyOn(ana) };
      const shownBy = async (client: Client, asked: Record<string, string>) => {
        const { status, text } = await client.submit('/account/tokens', asked);
        return { status, secret: parse(text).querySelector('.lead code')?.text, text };
      };
      const [first, second] = await Promise.all([shownBy(ana, fields), shownBy(anaElsewhere, fields)]);
      assert.deepEqual([first.status, second.status, first.secret], [200, 200, second.secret]);
      assert.equal((await backoffice('api_tokens')).length, 1);
      assert.deepEqual(
        (await auditLines()).map(({ action }) => action),
        ['make token'],
      );
      const asked = createClient(elsewhere.origin);
      const answer = await asked.get('/api/ai-usage/stats', { Authorization: `Bearer ${first.secret}` });
      assert.equal(answer.status, 200);

      const others = [
        await shownBy(rui, fields),
        await shownBy(ana, { ...fields, name: 'Another' }),
        await shownBy(ana, { ...fields, formKey: await keyOn(ana) }),
        await shownBy(ana, { ...fields, formKey: 'x' }),
        await shownBy(ana, { ...fields, formKey: 'x' }),
      ];
      assert.deepEqual(
        others.map(({ status }) => status),
        Array(5).fill(200),
      );
      const secrets = new Set([first, ...others].map(({ secret }) => secret));
      assert.equal(secrets.size, 6, 'another person, other words, another form and no form make others');

      await backoffice('api_tokens').update({ made_at: backoffice.raw(`made_at - interval '6 seconds'`) });
      const late = await shownBy(ana, fields);
      assert.deepEqual([late.status, late.secret], [400, undefined], 'a page that is loaded again shows nothing');
      assert.match(late.text, /sent before/);
    } finally {
      await backoffice('api_tokens').delete();
    }
  });
});
