import assert from 'node:assert/strict';
import { resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, location, RUI, signedIn } from '../support/client.ts';
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
  before(async () => {
    const { origin } = await sharedApp();
    ana = await signedIn(origin);
    rui = await signedIn(origin, RUI);
  });
  beforeEach(async () => {
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
  after(async () => {
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });

  for (const [path, table, fields, other] of FORMS)
    it(`makes one thing, and both lead to it: ${path}`, async () => {
      const { backoffice } = databases();
      const answers = await Promise.all([ana.submit(path, fields), ana.submit(path, fields)]);
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
});
