import assert from 'node:assert/strict';
import { addTime, type Instant, isoFromInstant } from '../../src/units/time.ts';
import { at, evaluateAt, financeChannel, madeAt, withoutAlerts } from '../support/alerts.ts';
import { databases } from '../support/databases.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const HOURLY = { type: 'threshold', measure: 'cost', window: 'hour', warning: 10, critical: 20 };

describe('a snoozed alert', () => {
  const { ana } = withoutAlerts();
  let channels: string[];
  beforeEach(async () => {
    channels = [await financeChannel(ana())];
  });

  const spend = (hours: number, euros: number) => insertUsage([{ cost: euros * 1_000_000, at: at(hours) }]);
  /** Fires with eleven euros at half past nine, and is snoozed from ten minutes later on. */
  const snoozed = async (until: Instant, terms: object = {}): Promise<string> => {
    const id = await madeAt(ana(), { ...HOURLY, ...terms, channels }, at(9));
    await spend(9.5, 11);
    await evaluateAt(at(9.6));
    await databases()
      .backoffice('alerts')
      .update({ snoozed_until: isoFromInstant(until) });
    return id;
  };
  const told = async (): Promise<string[]> =>
    (await databases().backoffice('deliveries').orderBy('made_at').pluck('message')).map(
      ({ subject, level }: { subject: string; level: string }) => `${level} ${subject.replace(/ .*:/, ':')}`,
    );
  const FIRST = 'warning €11.00: A rule';

  it('that rose is told when the snooze is over, once, however often that is looked at', async () => {
    await snoozed(at(10.4));
    await spend(9.7, 10);
    await evaluateAt(at(9.9));
    await spend(10.1, 25);
    for (const hours of [10.2, 10.3]) await evaluateAt(at(hours));
    assert.deepEqual(await told(), [FIRST], 'nothing is told while it is snoozed');
    await Promise.all([10.45, 10.45, 10.45].map((hours) => evaluateAt(at(hours))));
    for (const hours of [10.5, 10.6]) await evaluateAt(at(hours));
    assert.deepEqual(await told(), [FIRST, 'critical Now: A rule']);
    const [message] = (await databases().backoffice('deliveries').orderBy('made_at').pluck('message')).slice(-1);
    assert.match(message.subject, /^Now €25\.00 since .*10:00: /, 'of the window that it is of');
    assert.equal(message.paragraphs[0], 'It was snoozed until now.');
  });

  it('that rose and fell back is told only once it is risen again', async () => {
    await snoozed(at(10.2));
    await spend(9.7, 10);
    await evaluateAt(at(9.9));
    await spend(10.05, 12);
    await evaluateAt(at(10.1));
    for (const hours of [10.3, 10.4]) await evaluateAt(at(hours));
    assert.deepEqual(await told(), [FIRST]);
    await spend(10.5, 12);
    for (const hours of [10.55, 10.6]) await evaluateAt(at(hours));
    assert.deepEqual(await told(), [FIRST, 'critical Now: A rule']);
  });

  it('that ended is told so when the snooze is over, with how long it fired', async () => {
    await snoozed(at(13));
    await evaluateAt(at(12.5));
    assert.deepEqual(await told(), [FIRST]);
    for (const hours of [13, 13.1]) await evaluateAt(at(hours));
    assert.deepEqual(await told(), [FIRST, 'resolved Over: A rule, after 1 hr 29 mins']);
  });

  it('stays so where it ends and fires again: that is told when the snooze is over, if it fires then', async () => {
    await snoozed(at(13));
    await evaluateAt(at(11.5));
    await spend(12.1, 12);
    await evaluateAt(at(12.2));
    assert.deepEqual(await told(), [FIRST]);
    const open = (await ana().json('get', '/api/alerts')).body.alerts.find(
      (one: { state: string }) => one.state === 'firing',
    );
    assert.equal(open.snoozedUntil, isoFromInstant(at(13)));
    for (const hours of [13, 13.1]) await evaluateAt(at(hours));
    assert.deepEqual(await told(), [FIRST, 'resolved Over: A rule, after 1 hr 29 mins', 'warning €12.00: A rule']);
  });

  it('that fires again and ends again within the snooze is no news', async () => {
    await snoozed(at(16));
    await evaluateAt(at(11.5));
    await spend(12.1, 12);
    await evaluateAt(at(15));
    for (const hours of [16, 16.1]) await evaluateAt(at(hours));
    assert.deepEqual(await told(), [FIRST, 'resolved Over: A rule, after 1 hr 29 mins']);
  });

  it('whose snooze is ended is told at once; of a muted rule never, and of a deleted one that it was', async () => {
    const id = await snoozed(at(20));
    await spend(9.7, 10);
    await evaluateAt(at(9.9));
    await databases().backoffice('alerts').update({ snoozed_until: null });
    await evaluateAt(at(9.95));
    assert.deepEqual(await told(), [FIRST, 'critical Now: A rule']);

    await databases()
      .backoffice('alerts')
      .update({ snoozed_until: isoFromInstant(addTime(at(24 * 400), 0n)) });
    assert.equal((await ana().json('delete', `/api/alerts/rules/${id}`)).status, 204);
    assert.equal((await told()).length, 2);
    await databases().backoffice('alerts').update({ snoozed_until: null });
    await evaluateAt(at(10));
    assert.match((await told())[2] ?? '', /^resolved Over: /);
    const [last] = (await databases().backoffice('deliveries').orderBy('made_at').pluck('message')).slice(-1);
    assert.equal(last.paragraphs[0], 'The rule was deleted. It was snoozed until now.');

    await databases().backoffice.raw('DELETE FROM alert_events; DELETE FROM alerts; DELETE FROM reached_windows');
    await resetUsage();
    const muted = await snoozed(at(9.95));
    await spend(9.75, 10);
    await evaluateAt(at(9.9));
    const rule = (await ana().json('get', `/api/alerts/rules/${muted}`)).body;
    assert.equal(rule.channels.length, 1);
    await ana().json('put', `/api/alerts/rules/${muted}`, { ...rule, muted: true });
    const { length } = await told();
    await evaluateAt(at(9.97));
    assert.equal((await told()).length, length);
    assert.equal((await databases().backoffice('alerts').whereNotNull('held_back')).length, 0);
  });

  it('is reminded of when the snooze is over, and not beside what is told then', async () => {
    await snoozed(at(11.1), { window: 'day', remindHours: 1 });
    await evaluateAt(at(10.9));
    assert.deepEqual(await told(), [FIRST]);
    await evaluateAt(at(11.2));
    assert.deepEqual(await told(), [FIRST, 'warning Still: A rule']);
    await databases()
      .backoffice('alerts')
      .update({ snoozed_until: isoFromInstant(at(13)) });
    await spend(11.5, 15);
    await evaluateAt(at(12.9));
    await evaluateAt(at(13));
    assert.deepEqual(await told(), [FIRST, 'warning Still: A rule', 'critical Now: A rule']);
  });

  it('of a period does not keep the next from being told', async () => {
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    const { body } = await ana().json('post', '/api/budgets', { name: 'All', amount: 10, per: 'week' });
    await madeAt(ana(), { type: 'budget', budget: body.id, percents: [100], channels }, at(9));
    await spend(9.5, 11);
    await evaluateAt(at(9.6));
    await databases()
      .backoffice('alerts')
      .update({ snoozed_until: isoFromInstant(at(24 * 7)) });
    await spend(24 * 6 + 1, 11);
    await evaluateAt(at(24 * 6 + 2));
    assert.deepEqual((await told()).length, 2);
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
});
