import assert from 'node:assert/strict';
import { parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { columnOf, openPage, tableOf, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const EURO = 1_000_000;
const row = (at: string, euros: number) => ({
  at: parseInstant(at) ?? assert.fail(at),
  cost: euros * EURO,
  model: 'm',
});

describe('budgets on the chart of the overview', () => {
  let ana: Client;
  let id: string;
  const make = async (body: object) => {
    const answer = await ana.json('post', '/api/budgets', { name: 'B', amount: 50, per: 'month', ...body });
    assert.equal(answer.status, 201);
    return answer.body.id;
  };

  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertUsage([
      row('2025-03-03T12:00:00Z', 20),
      row('2025-03-20T12:00:00Z', 25),
      row('2025-03-25T09:30:00Z', 4),
      row('2025-03-25T10:30:00Z', 6),
      row('2025-03-26T12:00:00Z', 1),
      row('2025-05-02T12:00:00Z', 60),
      row('2025-05-30T12:00:00Z', -20),
      { ...row('2025-03-05T12:00:00Z', 99), model: 'other' },
    ]);
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    id = await make({ filter: 'model=m' });
  });
  after(async () => {
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    await resetUsage();
  });

  /** The bars that say something of a budget, and what the legend says. */
  const marked = async (search: string) => {
    const page = await openPage(ana, `/ai-usage?model=m&${search}`);
    // Days out of the ordinary are another matter.
    for (const unusual of page.querySelectorAll('.legend.notes .unusual')) unusual.closest('li')?.remove();
    for (const note of page.querySelectorAll('.marks .note')) if (textOf(note).startsWith('unusual')) note.remove();
    const bars = page.querySelectorAll('.chart .marks li').filter((bar) => bar.querySelector('.note'));
    assert.equal(page.querySelectorAll('.chart path.marked').length, bars.length === 0 ? 0 : 2);
    return {
      bars: bars.map((bar) => [textOf(bar.querySelector('b')), textOf(bar.querySelector('.note'))]),
      legend: page.querySelectorAll('.legend.notes li').map(textOf),
      page,
    };
  };
  const SAID = 'Budget B, €50.00 a month, used up on Tue, 25 Mar 2025';
  const LEGEND = ['Budget B used up on Tue, 25 Mar 2025'];

  it('mark the day on which one was used up, also by what was used before the window', async () => {
    const { bars, legend, page } = await marked('from=2025-03-10&to=2025-03-31');
    assert.deepEqual(bars, [['Tue, 25 Mar 2025', SAID]]);
    assert.deepEqual(legend, LEGEND);
    assert.ok(page.querySelector(`.legend.notes a[href="/budgets/${id}"]`));
  });

  it('mark the hour of a chart of hours, and the month of one of months', async () => {
    const hours = await marked('from=2025-03-25&to=2025-03-25');
    assert.deepEqual([hours.bars, hours.legend], [[['25 Mar, 10:00–11:00', SAID]], LEGEND]);
    const months = await marked('from=2024-11-01&to=2025-06-30');
    assert.deepEqual([months.bars, months.legend], [[['Mar 2025', SAID]], LEGEND]);
    assert.deepEqual((await marked('from=2025-03-25T10:59:00Z&to=2025-03-26')).bars.length, 1);
    assert.deepEqual((await marked('from=2025-03-25T11:00:00Z&to=2025-03-26')).bars, [], 'used up before');
  });

  it('say it in the table of the same', async () => {
    const page = await openPage(ana, '/ai-usage?model=m&from=2025-03-10&to=2025-03-31&show=table');
    const row = page.querySelectorAll('tbody tr').find((one) => textOf(one).includes('25 Mar 2025'));
    assert.equal(textOf(row?.querySelector('.note') ?? null), SAID);
    assert.deepEqual(page.querySelectorAll('.legend.notes li').map(textOf), LEGEND);
    assert.equal(columnOf(tableOf(page, 'Usage by day'), 'Day (Europe/Lisbon)').length, 22);
  });

  it('mark nothing that is not so: before that day, of other calls, given back later, or in a frozen view', async () => {
    for (const search of [
      'from=2025-03-10&to=2025-03-24',
      'from=2025-05-01&to=2025-05-10',
      'from=2025-03-10&to=2025-03-31&action=test',
      'from=2025-03-10&to=2025-03-31&asOf=2025-06-01T00:00:00Z',
      'period=none',
      'from=2099-01-01',
    ]) {
      const { bars, legend } = await marked(search);
      assert.deepEqual([bars, legend], [[], []], search);
    }
    // All calls came to as much on the fifth: the budget is of others.
    const all = await openPage(ana, '/ai-usage?from=2025-03-01&to=2025-03-31');
    assert.doesNotMatch(textOf(all.querySelector('.legend.notes')), /Budget/);
  });

  it('are counted where there are several times, with the amount that was in force', async () => {
    const week = await make({ filter: 'model=m', per: 'week', amount: 10, name: 'W' });
    await ana.json('put', `/api/budgets/${week}`, {
      ...{ name: 'W', per: 'week', filter: 'model=m', amount: 22, from: '2025-03-10' },
    });
    const { bars, legend } = await marked('period=all');
    assert.deepEqual(legend, [...LEGEND, 'Budget W used up 3 times, last on Fri, 2 May 2025']);
    assert.deepEqual(
      bars.map(([label]) => label),
      ['Mar 2025', 'May 2025'],
    );
    const { page } = await marked('from=2025-03-01&to=2025-03-31');
    assert.deepEqual(page.querySelectorAll('.marks .note').map(textOf), [
      'Budget W, €10.00 a week, used up on Mon, 3 Mar 2025',
      'Budget W, €22.00 a week, used up on Thu, 20 Mar 2025',
      SAID,
    ]);
    await ana.json('delete', `/api/budgets/${week}`);
  });

  it('hold at the ends of time', async () => {
    const year = await make({ filter: 'model=m', per: 'year', name: 'Y' });
    for (const search of ['from=-004713-11-24', 'from=-004713-11-24&to=-004713-11-25', 'to=2025-04-01'])
      assert.equal((await ana.get(`/ai-usage?model=m&${search}`)).status, 200, search);
    assert.deepEqual((await marked('from=-004713-11-24')).legend.sort(), [
      ...LEGEND,
      'Budget Y used up on Tue, 25 Mar 2025',
    ]);
    await ana.json('delete', `/api/budgets/${year}`);
  });
});
