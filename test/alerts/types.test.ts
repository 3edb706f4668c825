import assert from 'node:assert/strict';
import type { Day } from '../../src/units/calendar.ts';
import { addDays, addTime, type Instant, isoFromInstant, MINUTE } from '../../src/units/time.ts';
import { type AlertJson, at, DAY, evaluateAt, madeAt, resetAlerts, withoutAlerts } from '../support/alerts.ts';
import { databases } from '../support/databases.ts';
import { insertAlert } from '../support/things.ts';
import { insertUsage, type UsageRow } from '../support/usage.ts';

describe('types of rules', () => {
  const { ana } = withoutAlerts();

  const make = (body: object, begin: Instant) => madeAt(ana(), body, begin);
  const alerts = async (): Promise<AlertJson[]> => (await ana().json('get', '/api/alerts')).body.alerts;
  const shortly = async () =>
    (await alerts()).map(({ state, level, value, subject, late }) => ({ state, level, value, subject, late }));
  /** One call an hour or a day of the weeks before, the newest first. */
  const everyWeek = (weeks: number, hours: number[], row: Partial<UsageRow>) =>
    Array.from({ length: weeks }, (_, week) =>
      hours.map((hour) => ({ ...row, at: at(hour, addDays(DAY, -7 * (week + 1))) })),
    ).flat();

  const budget = async (amount: number, filter = '') =>
    (await ana().json('post', '/api/budgets', { name: 'All', amount, per: 'month', filter })).body.id;

  it('budget: tells each share once, and follows an amount that changes in mid-month', async () => {
    const id = await budget(100);
    const { status } = await ana().json('put', `/api/budgets/${id}`, {
      ...{ name: 'All', amount: 50, per: 'month', filter: '', from: '2026-09-15' },
    });
    assert.equal(status, 200);
    await insertUsage([{ cost: 55_000_000, at: at(10, '2026-09-10' as Day) }]);
    await make({ type: 'budget', budget: id }, at(9, '2026-09-10' as Day));
    await evaluateAt(at(12, '2026-09-10' as Day));
    assert.deepEqual(await shortly(), [{ state: 'firing', level: 'warning', value: 0.55, subject: '', late: false }]);
    await evaluateAt(at(12));
    assert.deepEqual(await shortly(), [{ state: 'firing', level: 'critical', value: 1.1, subject: '', late: false }]);
    await evaluateAt(at(0.5, '2026-10-01' as Day));
    assert.equal((await alerts())[0]?.state, 'resolved');
    const told = await databases().backoffice('alert_events').orderBy('at').select('kind', 'level');
    assert.deepEqual(told, [
      { kind: 'fired', level: 'warning' },
      { kind: 'rose', level: 'critical' },
      { kind: 'resolved', level: 'critical' },
    ]);
  });

  it('threshold: says what it tells of as people do', async () => {
    const terms = { name: 'x', type: 'threshold', critical: 2 };
    const sentence = async (body: object) =>
      (await ana().json('post', '/api/alerts/rules', { ...terms, ...body })).body.sentence;
    assert.equal(await sentence({ measure: 'requests', window: 'hour' }), 'requests of an hour are 2 or more');
    assert.equal(
      await sentence({ measure: 'cost', window: 'day', warning: 1 }),
      'cost of a day is €2.00 or more, a warning from €1.00',
    );
  });

  it('forecast: tells when even the lower end is over the budget', async () => {
    const id = await budget(100);
    const days = Array.from({ length: 120 }, (_, i) => addDays(DAY, -i - 1));
    await insertUsage(days.map((day) => ({ cost: 10_000_000, at: at(12, day) })));
    await make({ type: 'forecast', budget: id }, at(0));
    await evaluateAt(at(1.5));
    const [alert] = await alerts();
    assert.deepEqual([alert?.state, alert?.level], ['firing', 'warning']);
    assert.ok((alert?.value ?? 0) > 200);
  });

  it('unusual: tells of an hour that is far from its like, of too little too, and learns first', async () => {
    const begin = at(0);
    await insertUsage(everyWeek(3, [10, 11], { cost: 10_000_000 }));
    await insertUsage([{ cost: 30_000_000, at: at(10.5) }]);
    await make({ type: 'unusual', window: 'hour' }, begin);
    await evaluateAt(at(12));
    assert.deepEqual(await alerts(), []);
    assert.equal((await ana().json('get', '/api/alerts/rules')).body.rules[0].state, 'learning');

    await resetAlerts();
    await insertUsage(everyWeek(8, [10, 11], { cost: 0 }));
    await insertUsage(
      everyWeek(8, [9.5, 10, 11], { cost: 10_000_000 }).filter((row) => row.at < at(0, addDays(DAY, -24))),
    );
    await make({ type: 'unusual', window: 'hour' }, begin);
    await evaluateAt(at(11));
    const [alert] = await alerts();
    assert.deepEqual([alert?.state, alert?.value, alert?.usual], ['firing', 30, 10]);
    // Eleven to twelve usually costs ten euros, and costs nothing: too little.
    await evaluateAt(at(12));
    assert.deepEqual([(await alerts())[0]?.state, (await alerts())[0]?.value], ['firing', 0]);
    await evaluateAt(at(13));
    assert.equal((await alerts())[0]?.state, 'resolved');
  });

  it('unusual: does not learn from what somebody has called noise or planned', async () => {
    const weeks = (some: number[], cost: number) => some.map((week) => ({ cost, at: at(12, addDays(DAY, -7 * week)) }));
    await insertUsage([
      ...weeks([5, 6, 7, 8], 10_000_000),
      ...weeks([1, 2, 3, 4], 100_000_000),
      { cost: 100_000_000, at: at(12) },
    ]);
    const id = await make({ type: 'unusual', window: 'day' }, at(20));
    await evaluateAt(at(24));
    assert.deepEqual(await alerts(), [], 'half of the weeks were like this one');
    for (const [i, week] of [1, 2, 3, 4].entries()) {
      const from = at(0, addDays(DAY, -7 * week));
      const alert = await insertAlert(id, {
        ...{
          state: 'resolved',
          since: isoFromInstant(at(24, addDays(DAY, -7 * week))),
          value: 100_000_000,
          worst: 100_000_000,
        },
        ...{
          first_from: isoFromInstant(from),
          window_from: isoFromInstant(addTime(from, BigInt(i) * 24n * 60n * MINUTE)),
          window_to: isoFromInstant(at(24, addDays(DAY, -7 * week))),
        },
        until: isoFromInstant(at(48, addDays(DAY, -7 * week))),
        asked: JSON.stringify({
          type: 'unusual',
          fields: { window: 'day', strength: 4, minEuros: 5, minPercent: 50 },
          filter: '',
        }),
      });
      const feedback = i % 2 === 0 ? 'noise' : 'planned';
      assert.equal((await ana().json('post', `/api/alerts/${alert}/feedback`, { feedback })).status, 200);
    }
    await databases()
      .backoffice('rule_standings')
      .update({ evaluated_until: isoFromInstant(at(23)) });
    await evaluateAt(at(24));
    const found = (await alerts()).filter(({ state }) => state === 'firing');
    assert.deepEqual(
      found.map(({ value, usual }) => [value, usual]),
      [[100, 10]],
    );
  });

  it('new: tells of a model once; those that were known are not new', async () => {
    await insertUsage([{ model: 'gpt-5', at: at(1) }]);
    await make({ type: 'new', what: 'model' }, at(9));
    await insertUsage([
      { model: 'gpt-5', at: at(9.5) },
      { model: 'gpt-6', at: at(9.5) },
      { model: 'gpt-6', at: at(34) },
    ]);
    await evaluateAt(at(10));
    await evaluateAt(at(36));
    assert.deepEqual(await shortly(), [
      { state: 'resolved', level: 'warning', value: 1, subject: 'gpt-6', late: false },
    ]);
  });

  it('unpriced: tells of tokens at €0, by model', async () => {
    await make({ type: 'unpriced', minTokens: 2000 }, at(9));
    await insertUsage([
      { model: 'free', cost: 0, input: 1500, output: 0, at: at(9.2) },
      { model: 'free', cost: 0, input: 0, output: 600, at: at(9.4) },
      { model: 'few', cost: 0, input: 100, output: 0, at: at(9.4) },
      { model: 'gpt-5', cost: 1, at: at(9.4) },
    ]);
    await evaluateAt(at(10));
    assert.deepEqual(await shortly(), [
      { state: 'firing', level: 'warning', value: 2100, subject: 'free', late: false },
    ]);
    assert.equal((await alerts())[0]?.since, isoFromInstant(at(9 + 25 / 60)));
  });

  it('silence: tells of hours without a call that usually have some, and ends with the first call', async () => {
    await insertUsage(everyWeek(5, [7, 8, 9, 10, 11, 12, 13], { cost: 1 }));
    await insertUsage([{ at: at(8) }, { at: at(11.5) }]);
    await make({ type: 'silence', hours: 2 }, at(7));
    await evaluateAt(at(11));
    const [alert] = await alerts();
    assert.deepEqual([alert?.state, alert?.since], ['firing', isoFromInstant(addTime(at(10), MINUTE))]);
    await evaluateAt(at(11.6));
    assert.equal((await alerts())[0]?.state, 'resolved');
  });

  it('price: tells when a model has left its median of 28 days', async () => {
    const days = Array.from({ length: 20 }, (_, i) => addDays(DAY, -i - 1));
    await insertUsage(days.map((day) => ({ cost: 10_000, input: 1000, output: 1000, at: at(12, day) })));
    await insertUsage([{ cost: 15_000, input: 1000, output: 1000, at: at(9.5) }]);
    await make({ type: 'price', percent: 20 }, at(9));
    await evaluateAt(at(10));
    assert.deepEqual(await shortly(), [
      { state: 'firing', level: 'warning', value: 7.5, subject: 'gpt-5', late: false },
    ]);
  });

  it('silence is no alarm where calls end within an hour as they always do, and does not end before a call', async () => {
    const daily = Array.from({ length: 40 }, (_, i) => addDays(DAY, -i));
    await insertUsage(
      daily.flatMap((day) => [9, 10.5, 12, 13.5, 15, 16.5, 17 + 5 / 60].map((hour) => ({ at: at(hour, day) }))),
    );
    await make({ type: 'silence', hours: 2 }, at(8));
    await evaluateAt(at(23));
    assert.deepEqual(await alerts(), []);
    const next = addDays(DAY, 1);
    await insertUsage([{ at: at(9, next) }]);
    await evaluateAt(at(23, next));
    assert.deepEqual(
      (await alerts()).map(({ state, since }) => ({ state, since })),
      [{ state: 'firing', since: isoFromInstant(addTime(at(11, next), MINUTE)) }],
    );
  });
});
