import assert from 'node:assert/strict';
import { periodOf } from '../../src/units/calendar-period.ts';
import { addDays, dayOf, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const MONTHLY = { name: 'gpt-5', amount: 50, per: 'month', filter: 'model=gpt-5' };

describe('budgets that a program has read', () => {
  let ana: Client;
  const empty = () => databases().backoffice.raw('TRUNCATE budgets CASCADE');
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
    await Promise.all([resetUsage(), empty()]);
    await insertUsage([{ cost: 10_000_001, model: 'gpt-5' }]);
  });
  after(async () => {
    await Promise.all([resetUsage(), empty()]);
  });

  it('are sent back as they were read, and change in nothing but what was changed', async () => {
    const { id } = (await ana.json('post', '/api/budgets', MONTHLY)).body;
    const month = periodOf(dayOf(now(), 'Europe/Lisbon'), 'month');
    const later = addDays(month.next, 40);
    await ana.json('put', `/api/budgets/${id}`, { ...MONTHLY, amount: 60, from: later });
    const read = async () => (await ana.json('get', `/api/budgets/${id}`)).body;
    const sent = await read();
    const answer = await ana.json('put', `/api/budgets/${id}`, { ...sent, name: 'Other' });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const { asOf, expected, forecast, forecastRange, runsOutOn, ...kept } = sent;
    const changed = await read();
    for (const [field, value] of Object.entries({ ...kept, name: 'Other' }))
      assert.deepEqual(changed[field], value, field);
    await ana.submit(`/budgets/${id}`, {
      name: 'By form',
      amount: '50',
      per: 'month',
      filter: 'model=gpt-5',
      from: '',
    });
    assert.deepEqual((await read()).amounts, sent.amounts, 'nor by the form, whose amount is that of today');
    assert.equal(
      (await openPage(ana, `/budgets/${id}`)).querySelector('input[name=amount]')?.getAttribute('value'),
      '50',
    );
    await ana.json('put', `/api/budgets/${id}`, { ...(await read()), amount: 70 });
    assert.deepEqual((await read()).amounts, [
      { from: null, amount: 50 },
      { from: month.first, amount: 70 },
    ]);
    assert.equal((await ana.json('put', `/api/budgets/${id}`, { ...sent, usedd: 5 })).status, 400);
  });
});
