import assert from 'node:assert/strict';
import { inventCosts } from '../../src/demo/costs/invent.ts';
import { monthOf } from '../../src/units/calendar.ts';
import { periodBefore, periodOf } from '../../src/units/calendar-period.ts';
import { addDays, addTime, DAY_OF_24_HOURS, dayOf, HOUR, now, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines } from '../support/audit.ts';
import { micro } from '../support/bills.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage, textOf } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('the costs that a demo is given', () => {
  let ana: Client;
  const at = now();
  const month = periodBefore(periodOf(addDays(dayOf(at, 'UTC'), -1), 'month'), 'month');
  const noon = (day: number) => addTime(startOfDay(addDays(month.first, day), 'UTC'), 12n * HOUR);
  const invent = (later = 0n) => inventCosts(databases(), addTime(at, later));
  const counts = async () => {
    const { backoffice } = databases();
    const tables = ['prices', 'exchange_rates', 'bill_lines'];
    return Promise.all(tables.map(async (table) => Number((await backoffice(table).count().first())?.count)));
  };

  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(resetUsage);
  after(resetUsage);

  it('make a ladder in which every rung but the edges has something, and say that they are invented', async () => {
    await insertUsage([
      { model: 'gpt-5', input: 10_000_000, output: 1_000_000, cost: 20_700_000, at: noon(2) },
      { model: 'gpt-5-mini', input: 10_000_000, output: 5_000_000, cost: 11_500_000, at: noon(3) },
      { model: 'gpt-image-1', input: 100, output: 1056, cost: 38_640, at: noon(3) },
      { model: 'gpt-image-1', input: 100, output: 3168, cost: 115_920, at: noon(3) },
      { model: 'tts-1', input: 90_000, output: 0, cost: 1_242_000, at: noon(16) },
    ]);
    await invent();
    const bill = await ana.json('get', `/api/bills/OpenAI?month=${monthOf(month.first)}`);
    const rungs: Record<string, number> = Object.fromEntries(
      bill.body.rungs.map(({ rung, amount }: { rung: string; amount: number }) => [rung, micro(amount)]),
    );
    assert.equal(
      Object.values(rungs).reduce((sum, one) => sum + one, 0),
      micro(bill.body.billed),
    );
    const { priceList = 0, exchangeRate = 0, discounts = 0, billedNotRecorded = 0, recordedNotBilled = 0 } = rungs;
    assert.ok(priceList < 0 && exchangeRate < 0 && discounts < 0 && recordedNotBilled < 0, JSON.stringify(rungs));
    assert.ok(billedNotRecorded > 0 && (rungs.taxesAndCredits ?? 0) !== 0, JSON.stringify(rungs));
    // The rest is rounding: the bill is of these very calls.
    assert.ok(Math.abs(rungs.rest ?? 0) < 100, JSON.stringify(rungs));
    for (const path of [`/bills/OpenAI?month=${monthOf(month.first)}`, '/rates'])
      assert.match(textOf((await openPage(ana, path)).querySelector('main')), /Invented for the demo/, path);
  });

  it('are given once, with the rates of the days since at a later start, and not beside what somebody has entered', async () => {
    await invent();
    const first = await counts();
    assert.ok(
      first.every((count) => count > 0),
      String(first),
    );
    await invent();
    assert.deepEqual(await counts(), first);
    const imports = async () => (await auditLines()).filter(({ action }) => action === 'import rates').length;
    const before = await imports();
    // Whoever starts it every day has five days of rates in a week: none is of a Saturday or a Sunday, and nothing is said of those.
    for (let day = 1n; day <= 7n; day++) await invent(day * DAY_OF_24_HOURS);
    assert.deepEqual(await counts(), [first[0], (first[1] ?? 0) + 5, first[2]]);
    assert.equal((await imports()) - before, 5);

    await resetUsage();
    const price = { model: 'gpt-5', from: '2026-01-01', currency: 'USD', inputPerMillion: 1, outputPerMillion: 10 };
    await enterPrice(ana, price);
    await invent();
    assert.deepEqual(await counts(), [1, 0, 0]);
  });
});
