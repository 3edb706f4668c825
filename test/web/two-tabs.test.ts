import assert from 'node:assert/strict';
import { resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, RUI, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage, textOf } from '../support/page.ts';

const THINGS = [
  [
    '/budgets',
    { name: 'B', amount: 10, per: 'month' },
    { name: 'B', amount: '10', per: 'month', filter: '', from: '' },
  ],
  ['/alerts/channels', { name: 'C', type: 'email', to: ['a@b.pt'] }, { name: 'C', type: 'email', to: 'a@b.pt' }],
  ['/alerts/rules', { name: 'R', type: 'silence', hours: 3 }, { name: 'R', type: 'silence', hours: '3' }],
] as const;

describe('a form that was opened before somebody saved another', () => {
  let ana: Client;
  let rui: Client;
  const reset = async () => {
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  };
  before(async () => {
    const { origin } = await sharedApp();
    ana = await signedIn(origin);
    rui = await signedIn(origin, RUI);
  });
  beforeEach(reset);
  after(reset);

  for (const [path, made, fields] of THINGS)
    it(`is not saved over it, and is when it is sent again: ${path}`, async () => {
      const { id } = (await ana.json('post', `/api${path}`, made)).body;
      const action = async (client: Client) =>
        (await openPage(client, `${path}/${id}`)).querySelector('.sheet-form')?.getAttribute('action') ?? '';
      const name = async () => textOf((await openPage(ana, `${path}/${id}`)).querySelector('h1'));
      const [first, second] = [await action(ana), await action(rui)];
      assert.equal((await rui.submit(second, { ...fields, name: 'By Rui' })).status, 303);
      const refused = await ana.submit(first, { ...fields, name: 'By Ana' });
      assert.equal(refused.status, 400);
      assert.match(refused.text, /This form was opened before somebody saved another change/);
      assert.equal(await name(), 'By Rui');
      const again = /<form class="sheet-form[^>]* action="([^"]*)"/.exec(refused.text)?.[1] ?? '';
      assert.match(refused.text, /value="By Ana"/, 'what was entered stays');
      assert.equal((await ana.submit(again, { ...fields, name: 'By Ana' })).status, 303);
      assert.equal(await name(), 'By Ana');
    });
});
