import assert from 'node:assert/strict';
import { windowsToLookAt } from '../../src/alerts/evaluation/late.ts';
import { evaluateDue } from '../../src/alerts/round/evaluate.ts';
import { writeEvaluated } from '../../src/alerts/round/write.ts';
import { runningWindow } from '../../src/alerts/rules/windows.ts';
import { forgetAlerts } from '../../src/alerts/store/forget.ts';
import { auditAll } from '../../src/stats/rollups/keep/tick.ts';
import type { Day } from '../../src/units/calendar.ts';
import { addDays, addTime, HOUR, type Instant, isoFromInstant, MINUTE, startOfDay } from '../../src/units/time.ts';
import { evaluateAt, evaluating, madeAt, resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage, textOf } from '../support/page.ts';
import { insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const LISBON = 'Europe/Lisbon';
/** A Tuesday. */
const DAY = '2026-09-15' as Day;
const at = (hours: number, day: Day = DAY) => addTime(startOfDay(day, LISBON), BigInt(Math.round(hours * 60)) * MINUTE);
const daysBefore = (days: number) => addDays(DAY, -days);

/** What a full audit of the rollups makes of them, as of an instant. */
const audit = (instant: Instant) => auditAll(databases(), LISBON, instant);

describe('calls that come late', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
  after(() => databases().backoffice.raw('TRUNCATE budgets CASCADE'));

  const make = (body: object, begin: Instant) => madeAt(ana, body, begin);
  /** As if it had been evaluated until then, and had seen nothing. */
  const wasEvaluated = (until: Instant) =>
    databases()
      .backoffice('rule_standings')
      .update({ evaluated_until: isoFromInstant(until) });
  const alerts = async () => (await ana.json('get', '/api/alerts')).body.alerts;
  /** Those that were told late: of which window, and what it came to; the newest window first. */
  const late = async (): Promise<[string, number, string, string][]> =>
    (await alerts())
      .filter((one: { late: boolean }) => one.late)
      .map((one: { window: { from: string }; value: number; subject: string; level: string }) => [
        one.window.from,
        one.value,
        one.subject,
        one.level,
      ])
      .sort();
  const messages = async (): Promise<string[]> =>
    (await databases().backoffice('deliveries').orderBy('made_at').pluck('message')).map(
      ({ subject }: { subject: string }) => subject,
    );

  const DAILY = { type: 'threshold', measure: 'cost', window: 'day', warning: 10, critical: 20 };

  it('fire the window that they fall into, however many windows ago, once for each level that it reaches', async () => {
    const channel = { name: 'Finance', type: 'email', to: ['ana@mythoria.pt'] };
    const channels = [(await ana.json('post', '/api/alerts/channels', channel)).body.id];
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
      (await messages()).map((subject) => subject.replace(/ from.*:/, ':')),
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
    const changed = async () => textOf((await openPage(ana, `/alerts/${id}`)).querySelector('.changed'));
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
    (await ana.json('post', '/api/budgets', { name: 'All', amount: 20, per: 'month', filter: '' })).body.id;
  const daily = (days: number, row: Partial<UsageRow>, hour = 12) =>
    Array.from({ length: days }, (_, i) => ({ ...row, at: at(hour, daysBefore(i + 1)) }));
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

  it('are looked for within ninety days, as the page of the rule says', async () => {
    const id = await make(DAILY, at(1, daysBefore(120)));
    const forecast = await make({ type: 'silence', hours: 2 }, at(1));
    await insertUsage([{ cost: 1, at: at(1, daysBefore(120)) }]);
    await audit(at(9));
    await wasEvaluated(at(9));
    await evaluateAt(at(10));
    await insertUsage([
      { cost: 25_000_000, at: at(12, daysBefore(91)) },
      { cost: 26_000_000, at: at(12, daysBefore(90)) },
    ]);
    await audit(at(10.5));
    await evaluateAt(at(11));
    assert.deepEqual(await late(), [[isoFromInstant(startOfDay(daysBefore(90), LISBON)), 26, '', 'critical']]);
    const { backoffice } = databases();
    assert.equal((await backoffice('reached_windows')).length, 1);
    await forgetAlerts(backoffice, at(11, addDays(DAY, 1)));
    assert.equal((await backoffice('reached_windows')).length, 0, 'what is not looked at is not kept');
    const said = async (of: string) => textOf((await openPage(ana, `/alerts/rules/${of}`)).querySelector('main'));
    assert.match(await said(id), /any window that ended within the last 90 days may fire once more, marked late/);
    assert.match(await said(forecast), /Calls that come late end a silence, and begin none\./);
  });

  it('of many windows are told in one message a round, each in its alert', async () => {
    const channel = { name: 'Finance', type: 'email', to: ['ana@mythoria.pt'] };
    const channels = [(await ana.json('post', '/api/alerts/channels', channel)).body.id];
    await make({ ...DAILY, window: 'hour', channels }, at(1, daysBefore(30)));
    await insertUsage([{ cost: 1, at: at(1, daysBefore(30)) }]);
    await audit(at(9));
    await evaluateAt(at(10));
    const hours = Array.from({ length: 60 }, (_, i) => addTime(at(0, daysBefore(20)), BigInt(i) * HOUR));
    await insertUsage(hours.map((hour, i) => ({ cost: i === 5 ? 26_000_000 : 11_000_000, at: hour })));
    await audit(at(9));
    for (let i = 0; i < 5; i++) await evaluateAt(addTime(at(11), BigInt(i) * MINUTE));
    assert.deepEqual(
      (await late()).map(([from]) => from),
      hours.map(isoFromInstant),
    );
    const sent = await databases().backoffice('deliveries').orderBy('made_at').pluck('message');
    assert.deepEqual(
      sent.map(({ paragraphs }) => /(\d+) more by calls that came late/.exec(paragraphs[0])?.[1]),
      ['23', '23', '11'],
    );
    assert.match(sent[0].subject, /^Late: €26\.00 /, 'the one that went furthest');
  });

  it('are told once, however many processes find them at once', async () => {
    await make(DAILY, at(9, daysBefore(40)));
    await insertUsage([{ cost: 1, at: at(9, daysBefore(40)) }]);
    await audit(at(11));
    await evaluateAt(at(12));
    await insertUsage([{ cost: 25_000_000, at: at(20, daysBefore(30)) }]);
    await audit(at(12));
    const { words, mailsTo, ...round } = await evaluating();
    const { backoffice } = databases();
    const moments = [0, 0, 1, 3].map((minutes) => addTime(at(12), BigInt(minutes) * MINUTE));
    const found = await Promise.all(moments.map((one) => evaluateDue({ ...round, looksBack: true }, one)));
    assert.deepEqual(
      found.map(([one]) => one?.ok && one.events.map(({ kind }) => kind)),
      Array(4).fill(['late']),
    );
    for (const [i, one] of found.entries())
      await writeEvaluated(backoffice, one, [], moments[i] as Instant, { words, mailsTo });
    await evaluateAt(at(13));
    assert.equal((await late()).length, 1);
  });

  it('cost nothing where nothing has changed', async () => {
    await make(DAILY, at(9, daysBefore(40)));
    await make({ ...DAILY, window: 'hour' }, at(9, daysBefore(40)));
    await insertUsage(daily(40, { cost: 1 }));
    await audit(at(11));
    for (const hours of [12, 13]) await evaluateAt(at(hours));
    const { backoffice } = databases();
    const asked: string[] = [];
    const hear = ({ sql }: { sql: string }) => asked.push(sql);
    (await evaluating()).databases.backoffice.on('query', hear);
    await evaluateAt(addTime(at(13), MINUTE));
    (await evaluating()).databases.backoffice.removeListener('query', hear);
    assert.ok(
      asked.some((sql) => sql.includes('rule_standings')),
      'else this hears nothing',
    );
    assert.deepEqual(
      asked.filter((sql) => /grown_hours|reached_windows/.test(sql)),
      [],
    );
    assert.equal((await backoffice('grown_hours')).length, 0);
  });
});

describe('which windows are looked at again', () => {
  const windowAt = (instant: Instant) => runningWindow('day', instant, LISBON);
  const look = (
    lookedBack: Parameters<typeof windowsToLookAt>[0]['lookedBack'],
    found: Parameters<typeof windowsToLookAt>[1],
  ) => windowsToLookAt({ began: at(9, daysBefore(80)), lookedBack }, found, windowAt, at(12));

  it('goes on where it was left, and takes no hour twice', () => {
    const grown = Array.from({ length: 100 }, (_, i) => ({
      version: BigInt(10 + Math.floor(i / 30)),
      hour: at(i % 24, daysBefore(70 - Math.floor(i / 2))),
    })).sort((a, b) => (a.version === b.version ? Number(a.hour - b.hour) : Number(a.version - b.version)));
    const found = { coveredUntil: at(11), version: 20n, grown, isAll: true };
    let looked = look({ covered: at(11), grown: { version: 9n, hour: at(0) } }, found);
    const days: Instant[] = looked.windows.map(({ from }) => from);
    for (let i = 0; i < 5; i++) {
      looked = look(looked.lookedBack, found);
      days.push(...looked.windows.map(({ from }) => from));
    }
    assert.deepEqual(new Set(days).size, 50);
    assert.equal(days.length, 50);
    assert.deepEqual(look(looked.lookedBack, found).windows, []);
    assert.deepEqual(looked.lookedBack, { covered: at(11), grown: { version: 20n, hour: at(11) } });
  });

  it('never goes back to an older state of the rollups', () => {
    const position = { covered: at(11), grown: { version: 30n, hour: at(11) } };
    const found = {
      coveredUntil: at(9),
      version: 20n,
      grown: [{ version: 15n, hour: at(3, daysBefore(9)) }],
      isAll: true,
    };
    assert.deepEqual(look(position, found), { windows: [], lookedBack: position });
  });
});
