import assert from 'node:assert/strict';
import type { Day } from '../../src/units/calendar.ts';
import { addTime, isoFromInstant, MINUTE, startOfDay } from '../../src/units/time.ts';
import { at, evaluateAt, financeChannel, LISBON } from '../support/alerts.ts';
import { databases } from '../support/databases.ts';
import { audit, daily, daysBefore, lateCalls } from '../support/late.ts';
import { openPage, textOf } from '../support/page.ts';
import { insertUsage, type UsageRow } from '../support/usage.ts';

describe('calls that come late', () => {
  const { make, wasEvaluated, alerts, late, messages, DAILY, ana } = lateCalls();

  it('fire the window that they fall into, however many windows ago, once for each level that it reaches', async () => {
    const channels = [await financeChannel(ana())];
    await make({ ...DAILY, channels }, at(9, daysBefore(40)));
    await insertUsage([{ cost: 1_000_000, at: at(10, daysBefore(30)) }]);
    await audit(at(11));
    await evaluateAt(at(12));
    await insertUsage([{ cost: 10_000_000, at: at(20, daysBefore(30)) }]);
    await evaluateAt(at(12.5));
    assert.deepEqual(await late(), [], 'nothing is known of them before the audit comes by');
    await audit(at(12.75));
    for (const hours of [13, 13.25, 13.5]) await evaluateAt(at(hours));
    const from = isoFromInstant(startOfDay(daysBefore(30), LISBON));
    assert.deepEqual(await late(), [[from, 11, '', 'warning']]);
    await insertUsage([{ cost: 1_000_000, at: at(21, daysBefore(30)) }]);
    await audit(at(14));
    await evaluateAt(at(14));
    assert.equal((await late()).length, 1, 'no further level');
    await insertUsage([{ cost: 10_000_000, at: at(22, daysBefore(30)) }]);
    await audit(at(15));
    for (const hours of [15, 15.25]) await evaluateAt(at(hours));
    assert.deepEqual(await late(), [
      [from, 11, '', 'warning'],
      [from, 22, '', 'critical'],
    ]);
    assert.deepEqual(
      (await messages()).map((subject) => subject.replace(/ on .*:/, ':')),
      ['Late: €11.00: A rule', 'Late: €22.00: A rule'],
    );
  });

  it('are the numbers that its page shows, until they change again', async () => {
    await make(DAILY, at(9, daysBefore(40)));
    await insertUsage([{ cost: 1_000_000, at: at(10, daysBefore(30)) }]);
    await audit(at(11));
    await evaluateAt(at(12));
    await insertUsage([{ cost: 22_000_000, at: at(20, daysBefore(30)) }]);
    await audit(at(11));
    await evaluateAt(at(13));
    const [{ id }] = await alerts();
    const changed = async () => textOf((await openPage(ana(), `/alerts/${id}`)).querySelector('.changed'));
    assert.equal(await changed(), '');
    await databases()
      .workflows('token_usage_tracking')
      .where('created_at', isoFromInstant(at(10, daysBefore(30))))
      .delete();
    await audit(at(11));
    assert.match(
      await changed(),
      /^Its numbers have changed since: counted now, its window up to 17 Aug 2026, 00:00.* comes to €22\.00, and came to €23\.00 then/,
    );
  });

  it('add to what a window had reached while it ran', async () => {
    await make(DAILY, at(9, daysBefore(40)));
    await insertUsage([{ cost: 25_000_000, at: at(10, daysBefore(30)) }]);
    await audit(at(11, daysBefore(20)));
    await evaluateAt(at(12, daysBefore(20)));
    await insertUsage([{ cost: 25_000_000, at: at(20, daysBefore(30)) }]);
    await audit(at(12));
    await evaluateAt(at(12));
    assert.deepEqual(await late(), [], 'it was critical then');
    const [{ since }] = await alerts();
    assert.equal(since, isoFromInstant(addTime(at(10, daysBefore(30)), MINUTE)));
  });

  it('of the hour that has just been covered fire its window, and what came before its end does not', async () => {
    await make({ ...DAILY, window: 'hour' }, at(9));
    await insertUsage([{ cost: 5_000_000, at: at(9.9) }]);
    await audit(at(10));
    await evaluateAt(at(10));
    await insertUsage([{ cost: 6_000_000, at: at(9.95) }]);
    await evaluateAt(at(11.2), { looksBack: false });
    assert.deepEqual(await late(), []);
    await audit(at(11.5));
    await evaluateAt(at(11.5), { looksBack: false });
    assert.deepEqual(await late(), [[isoFromInstant(at(9)), 11, '', 'warning']]);
  });

  const budget = async () =>
    (await ana().json('post', '/api/budgets', { name: 'All', amount: 20, per: 'month', filter: '' })).body.id;
  /** Three weeks before the day on which they come. */
  const PAST = daysBefore(21);
  const dayOfPast = isoFromInstant(startOfDay(PAST, LISBON));
  const COMES: Record<string, [object, Partial<UsageRow>[], Partial<UsageRow>[], [string, number, string][]]> = {
    'threshold of an hour': [
      { type: 'threshold', measure: 'requests', window: 'hour', critical: 2 },
      [{ at: at(15.2, PAST) }],
      [{ at: at(15.4, PAST) }],
      [[isoFromInstant(at(15, PAST)), 2, '']],
    ],
    'threshold of a week': [
      { type: 'threshold', measure: 'costPerStory', window: 'week', critical: 2 },
      [],
      [{ at: at(15.4, PAST), cost: 3_000_000 }],
      [[isoFromInstant(startOfDay(daysBefore(22), LISBON)), 3, '']],
    ],
    budget: [
      { type: 'budget' },
      [{ at: at(10, PAST), cost: 9_000_000 }],
      [{ at: at(15, PAST), cost: 9_000_000 }],
      [[isoFromInstant(at(0, '2026-08-01' as Day)), 0.9, '']],
    ],
    'unusual hour': [
      { type: 'unusual', window: 'hour' },
      daily(100, { cost: 1_000_000 }),
      [{ at: at(12.5, PAST), cost: 9_000_000 }],
      [[isoFromInstant(at(12, PAST)), 10, '']],
    ],
    'unusual day': [
      { type: 'unusual', window: 'day' },
      daily(100, { cost: 1_000_000 }),
      [{ at: at(22.5, PAST), cost: 9_000_000 }],
      [[dayOfPast, 10, '']],
    ],
    unpriced: [
      { type: 'unpriced' },
      [],
      [{ at: at(22.5, PAST), cost: 0, model: 'free', input: 7, output: 3 }],
      [[dayOfPast, 10, 'free']],
    ],
    price: [
      { type: 'price', percent: 20 },
      daily(100, { cost: 10_000, input: 1000, output: 1000 }),
      [{ at: at(13, PAST), cost: 20_000, input: 1000, output: 1000 }],
      [[dayOfPast, 7.5, 'gpt-5']],
    ],
    'new model': [
      { type: 'new', what: 'model' },
      [{ at: at(9, PAST) }],
      [{ at: at(13, PAST), model: 'gpt-6' }],
      [[dayOfPast, 1, 'gpt-6']],
    ],
    silence: [{ type: 'silence', hours: 5 }, daily(35, {}), [{ at: at(13, PAST) }], []],
    forecast: [{ type: 'forecast' }, daily(120, { cost: 500_000 }), [{ at: at(13, PAST), cost: 99_000_000 }], []],
  };
  for (const [name, [terms, rows, more, expected]] of Object.entries(COMES))
    it(`${name}: ${expected.length > 0 ? 'fires the window of three weeks ago once' : 'has no window that is over'}`, async () => {
      const isOfBudget = ['budget', 'forecast'].includes((terms as { type: string }).type);
      await insertUsage(rows);
      await make(isOfBudget ? { ...terms, budget: await budget() } : terms, at(1, daysBefore(30)));
      await wasEvaluated(at(9.9));
      await audit(at(9));
      await evaluateAt(at(10));
      await insertUsage(more);
      await audit(at(10.5));
      for (const hours of [11, 11.25, 35]) await evaluateAt(at(hours));
      assert.deepEqual(
        (await late()).map((one) => one.slice(0, 3)),
        expected,
      );
    });

  it('are no reason to call a window unusually cheap', async () => {
    await insertUsage(daily(120, { cost: 1_000_000 }));
    await make({ type: 'unusual', window: 'day' }, at(1, daysBefore(30)));
    await wasEvaluated(at(9.9));
    await audit(at(9));
    await evaluateAt(at(10));
    const weeks = [1, 2, 3, 4, 5, 6, 7, 8].map((week) => at(13, daysBefore(21 + 7 * week)));
    await insertUsage([...weeks.map((instant) => ({ at: instant, cost: 29_000_000 })), { at: at(13, PAST), cost: 1 }]);
    await audit(at(9));
    await evaluateAt(at(11));
    assert.deepEqual(await late(), []);
  });

  it('are no reason to fire where calls were deleted', async () => {
    const usual = { input: 1000, output: 1000 };
    await insertUsage(daily(60, { ...usual, cost: 10_000_000 }));
    const day = daysBefore(10);
    await insertUsage([
      { ...usual, cost: 13_000_000, at: at(13, day) },
      { ...usual, cost: 7_000_000, at: at(13.1, day) },
    ]);
    await make({ type: 'price', percent: 10 }, at(1, daysBefore(20)));
    await audit(at(9));
    await evaluateAt(at(10));
    const cheap = databases()
      .workflows('token_usage_tracking')
      .where('created_at', isoFromInstant(at(13.1, day)));
    assert.equal(await cheap.delete(), 1);
    await audit(at(9));
    await evaluateAt(at(11));
    assert.deepEqual(await alerts(), []);
    await insertUsage([{ ...usual, cost: 14_000_000, at: at(13.1, day) }]);
    await audit(at(9));
    await evaluateAt(at(12));
    assert.equal((await late()).length, 1, 'else this tests nothing');
  });
});
