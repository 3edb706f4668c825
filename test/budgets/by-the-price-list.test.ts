import assert from 'node:assert/strict';
import { addTime, MINUTE, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, location, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { csvRows, download } from '../support/export.ts';
import { assertDescribed } from '../support/openapi.ts';
import { openPage, textOf } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const TERMS = { name: 'All', amount: 5, per: 'year', filter: '', cost: 'repriced' };

describe('budgets by the price list', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    const at = addTime(now(), -MINUTE);
    await insertUsage([
      { model: 'gpt-5', input: 1_000_000, output: 0, cost: 7_000_000, at },
      { model: 'mystery-1', cost: 3_000_000, at },
      { model: 'mystery-1', cost: 3_000_000, at },
    ]);
    const price = { model: 'gpt-5', from: '2020-01-01', currency: 'EUR', inputPerMillion: 1.25, outputPerMillion: 10 };
    await enterPrice(ana, price);
  });
  after(async () => {
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    await resetUsage();
  });

  it('are used by what calls cost there; those without a price are counted, never nothing in silence', async () => {
    const made = await ana.json('post', '/api/budgets', TERMS);
    assertDescribed('/api/budgets', made, 'post');
    const { id, used, cost, unpriced } = made.body;
    assert.deepEqual(
      { used, cost, unpriced },
      {
        ...{ used: 1.25, cost: 'repriced' },
        unpriced: { requests: 2, models: ['mystery-1'] },
      },
    );
    const page = await openPage(ana, `/budgets/${id}`);
    assert.match(textOf(page.querySelector('.notice')), /no price: 2 calls of mystery-1\./);
    assert.match(textOf(page.querySelector('.window')), /^All calls, with costs by the price list:/);
    assert.equal(page.querySelector('select[name=cost] option[selected]')?.getAttribute('value'), 'repriced');
    assert.ok(page.querySelector('.window a[href="/ai-usage?cost=repriced"]'));
    assert.match(textOf((await openPage(ana, '/budgets')).querySelector('main')), /2 calls without a price left out/);
    const [row] = csvRows((await download(origin, ana, '/budgets.csv?table=budgets')).text);
    assert.deepEqual([row?.Costs, row?.['Without a price'], row?.['Used (€)']], ['repriced', '2', '1.250000']);

    const changed = await ana.json('put', `/api/budgets/${id}`, { ...TERMS, cost: 'recorded' });
    assert.deepEqual([changed.body.used, changed.body.unpriced], [13, null]);
  });

  it('are made in the form, and stand beside the costs that they count', async () => {
    const terms = { ...TERMS, amount: '5', per: 'month' };
    const wrong = await ana.submit('/budgets', { ...terms, cost: 'mine' });
    assert.match(wrong.text, /id="cost-problem">takes recorded or repriced/);
    const { pathname } = new URL(location(await ana.submit('/budgets', terms)), origin);
    const cardOf = async (path: string) => (await openPage(ana, path)).querySelector(`.month a[href="${pathname}"]`);
    assert.equal(await cardOf('/ai-usage'), null);
    assert.match(textOf((await cardOf('/ai-usage?cost=repriced'))?.closest('div') ?? null), /^Budget All ?25\.0%/);
    const asked = await openPage(ana, '/budgets/new?cost=repriced');
    assert.equal(asked.querySelector('select[name=cost] option[selected]')?.getAttribute('value'), 'repriced');
  });
});
