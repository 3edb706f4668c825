import assert from 'node:assert/strict';
import type { Day } from '../../src/units/calendar.ts';
import { addTime, HOUR, type Instant, isoFromInstant, MINUTE, now } from '../../src/units/time.ts';
import {
  type AlertJson,
  at,
  evaluateAt,
  financeChannel,
  madeAt,
  resetAlerts,
  withoutAlerts,
} from '../support/alerts.ts';
import { databases } from '../support/databases.ts';
import { openPage, textOf } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('rules through time', () => {
  const { ana } = withoutAlerts();

  const make = (body: object, begin: Instant) => madeAt(ana(), body, begin);
  const alerts = async (): Promise<AlertJson[]> => (await ana().json('get', '/api/alerts')).body.alerts;
  const shortly = async () =>
    (await alerts()).map(({ state, level, value, subject, late }) => ({ state, level, value, subject, late }));

  const budget = async (amount: number, filter = '') =>
    (await ana().json('post', '/api/budgets', { name: 'All', amount, per: 'month', filter })).body.id;

  it('a window that was over fires once, marked late, where calls come late', async () => {
    await make({ type: 'threshold', measure: 'cost', window: 'day', critical: 20 }, at(9));
    await evaluateAt(at(26));
    await insertUsage([{ cost: 25_000_000, at: at(20) }]);
    await evaluateAt(at(27));
    await evaluateAt(at(28));
    assert.deepEqual(await shortly(), [{ state: 'resolved', level: 'critical', value: 25, subject: '', late: true }]);
  });

  it('a rule that is deleted while it fires ends its alerts, says so, and is evaluated no more', async () => {
    const channels = [await financeChannel(ana())];
    const id = await make({ type: 'threshold', measure: 'cost', window: 'day', critical: 20, channels }, at(9));
    await insertUsage([{ cost: 25_000_000, at: at(9.5) }]);
    await evaluateAt(at(10));
    assert.equal((await ana().json('delete', `/api/alerts/rules/${id}`)).status, 204);
    assert.deepEqual(await evaluateAt(at(11)), { evaluated: 0, failed: 0 });
    assert.equal((await alerts())[0]?.state, 'resolved');
    const told: { subject: string; level: string }[] = await databases()
      .backoffice('deliveries')
      .orderBy('made_at')
      .pluck('message');
    assert.deepEqual(
      told.map(({ subject, level }) => [/^Over: /.test(subject), level]),
      [
        [false, 'critical'],
        [true, 'resolved'],
      ],
    );
  });

  it('a clock that jumps back makes nothing be evaluated twice, one that jumps ahead nothing be left out', async () => {
    await make({ type: 'threshold', measure: 'cost', window: 'hour', critical: 20 }, at(9));
    await insertUsage([
      { cost: 25_000_000, at: at(9.5) },
      { cost: 25_000_000, at: at(20.5) },
    ]);
    await evaluateAt(at(10));
    await evaluateAt(at(9.6));
    await evaluateAt(at(9.9));
    await evaluateAt(at(23));
    const kinds = await databases().backoffice('alert_events').orderBy('at').pluck('kind');
    assert.deepEqual(kinds, ['fired', 'resolved', 'fired', 'resolved']);
  });

  it('an hour that clocks repeat is two windows, and its day has twenty-five hours', async () => {
    const autumn = '2026-10-25' as Day;
    // Half past one by the clock before it is set back at two, and once more.
    const [first, again] = [1.5, 2.5].map((hours) => at(hours, autumn)) as [Instant, Instant];
    const hourly = { type: 'threshold', measure: 'cost', window: 'hour', critical: 10 };
    await make({ ...hourly, name: 'Hour' }, at(0, autumn));
    await make({ ...hourly, window: 'day', critical: 20, name: 'Day' }, at(0, autumn));
    await insertUsage([
      { cost: 11_000_000, at: first },
      { cost: 8_000_000, at: again },
      { cost: 2_000_000, at: at(24.5, autumn) },
    ]);
    for (let minutes = 90; minutes <= 26 * 60; minutes += 47)
      await evaluateAt(addTime(at(0, autumn), BigInt(minutes) * MINUTE));
    const seen = await databases()
      .backoffice('alerts')
      .orderBy('since')
      .select('since', 'until', 'window_from', 'window_to');
    assert.deepEqual(
      seen.map(({ since, until, window_from, window_to }) =>
        [since, until, window_from, window_to].map((one) => one?.slice(8, 16) ?? null),
      ),
      [
        ['25 00:31', '25 02:00', '25 00:00', '25 01:00'],
        ['26 00:00', null, '24 23:00', '26 00:00'].map((one, i) => (i === 0 ? '25 23:31' : one)),
      ],
    );
  });

  it('what an alert says at worst is of the window that it shows, in messages and on its page, live and made up for', async () => {
    const day = (days: number, hours: number) => at(24 * days + hours);
    for (const missed of [false, true]) {
      await resetUsage();
      await resetAlerts();
      const to = ['ana@mythoria.pt'];
      const channel = await ana().json('post', '/api/alerts/channels', { name: 'Finance', type: 'email', to });
      const terms = { type: 'threshold', measure: 'cost', window: 'day', warning: 10, critical: 20, remindHours: 20 };
      await make({ ...terms, channels: [channel.body.id] }, at(9));
      await insertUsage([
        { cost: 11_000_000, at: day(0, 10) },
        { cost: 25_000_000, at: day(1, 10) },
        { cost: 15_000_000, at: day(2, 10) },
      ]);
      for (const one of [day(0, 11), day(1, 11), day(2, 11)]) if (!missed || one === day(2, 11)) await evaluateAt(one);
      const [alert] = (await ana().json('get', '/api/alerts')).body.alerts;
      assert.deepEqual(
        [alert.value, alert.worst, alert.window.from],
        [15, 25, isoFromInstant(day(1, 0))],
        missed ? 'made up for' : 'live',
      );
      const page = await openPage(ana(), `/alerts/${alert.id}`);
      assert.match(textOf(page.querySelector('.window')), /€25\.00 from 16 Sept 2026, 00:00 to 17 Sept 2026, 00:00/);
      const records = page.querySelectorAll('.title .ways-out a').at(1)?.getAttribute('href') ?? '';
      assert.match(textOf((await openPage(ana(), records)).querySelector('.sum')), /^1 record, €25\.00/);
      const told: string[] = (await databases().backoffice('deliveries').orderBy('made_at').pluck('message')).map(
        ({ subject }) => subject,
      );
      const last = told.at(-1) ?? '';
      assert.match(last, /^Still €15\.00, at worst €25\.00 on Wed, 16 Sept 2026: /);
      if (!missed) assert.match(told[1] ?? '', /^Now €25\.00 since midnight: /);
    }
  });

  it('what cannot be evaluated is told once, and makes up for what it missed', async () => {
    const id = await budget(10);
    const channels = [await financeChannel(ana())];
    await make({ type: 'budget', budget: id, percents: [50], channels }, at(9));
    const { backoffice } = databases();
    await backoffice('budgets').update({ deleted_at: isoFromInstant(at(9)) });
    await insertUsage([{ cost: 6_000_000, at: at(9.5) }]);
    for (const minutes of [1, 8, 15])
      assert.equal((await evaluateAt(addTime(at(10), BigInt(minutes) * MINUTE))).failed, 1);
    const [rule] = (await ana().json('get', '/api/alerts/rules')).body.rules;
    assert.deepEqual([rule.state, rule.error.reason], ['error', 'its budget has been deleted']);
    assert.equal((await backoffice('deliveries')).length, 1);
    await backoffice('budgets').update({ deleted_at: null });
    await evaluateAt(addTime(at(10), HOUR));
    const [alert] = await alerts();
    assert.deepEqual([alert?.state, alert?.since], ['firing', isoFromInstant(addTime(at(9.5), MINUTE))]);
  });

  it('late calls at €0 of a model that is gone today are told once', async () => {
    await make({ type: 'unpriced', minTokens: 1 }, at(9));
    await evaluateAt(at(26));
    await insertUsage([{ model: 'free', cost: 0, at: at(20) }]);
    for (const minutes of [1, 2, 3, 30]) await evaluateAt(addTime(at(27), BigInt(minutes) * MINUTE));
    assert.deepEqual(await shortly(), [
      { state: 'resolved', level: 'warning', value: 1500, subject: 'free', late: true },
    ]);
  });

  it('a rule that is changed in the minute in which it fired goes on, and others with it', async () => {
    const terms = { type: 'threshold', measure: 'cost', window: 'month', critical: 20 };
    const moment = now();
    await insertUsage([{ cost: 25_000_000, at: moment }]);
    const id = await make({ ...terms, name: 'One' }, addTime(moment, -2n * MINUTE));
    await make({ ...terms, name: 'Another' }, addTime(moment, -2n * MINUTE));
    await evaluateAt(moment);
    const changed = await ana().json('put', `/api/alerts/rules/${id}`, { ...terms, name: 'One', critical: 21 });
    assert.equal(changed.status, 200);
    await evaluateAt(moment);
    await evaluateAt(addTime(moment, 3n * MINUTE));
    assert.deepEqual((await alerts()).map(({ state }) => state).sort(), ['firing', 'firing', 'resolved']);
    const until = await databases().backoffice('rule_standings').pluck('evaluated_until');
    assert.equal(new Set(until).size, 1);
  });

  it('many rules make up for ten minutes that were missed, each as of its minute', async () => {
    for (let i = 0; i < 12; i++)
      await make({ type: 'threshold', measure: 'cost', window: 'day', critical: i + 0.5, name: `Rule ${i}` }, at(9));
    await insertUsage(
      Array.from({ length: 12 }, (_, i) => ({ cost: 1_000_000, at: addTime(at(9), BigInt(i) * MINUTE) })),
    );
    assert.deepEqual(await evaluateAt(addTime(at(9), 12n * MINUTE)), { evaluated: 12, failed: 0 });
    assert.deepEqual(
      (await alerts()).map(({ since }) => since).sort(),
      Array.from({ length: 12 }, (_, i) => isoFromInstant(addTime(at(9), BigInt(i + 1) * MINUTE))),
    );
  });
});
