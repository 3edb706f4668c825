import assert from 'node:assert/strict';
import { windowsToLookAt } from '../../src/alerts/evaluation/late.ts';
import { evaluateDue } from '../../src/alerts/round/evaluate.ts';
import { writeEvaluated } from '../../src/alerts/round/write.ts';
import { runningWindow } from '../../src/alerts/rules/windows.ts';
import { forgetAlerts } from '../../src/alerts/store/forget.ts';
import { addDays, addTime, HOUR, type Instant, isoFromInstant, MINUTE, startOfDay } from '../../src/units/time.ts';
import { at, DAY, evaluateAt, evaluating, financeChannel, LISBON } from '../support/alerts.ts';
import { databases } from '../support/databases.ts';
import { audit, daily, daysBefore, lateCalls } from '../support/late.ts';
import { openPage, textOf } from '../support/page.ts';
import { insertUsage } from '../support/usage.ts';

describe('calls that come late, and how far that goes', () => {
  const { make, wasEvaluated, late, DAILY, ana } = lateCalls();

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
    const said = async (of: string) => textOf((await openPage(ana(), `/alerts/rules/${of}`)).querySelector('main'));
    assert.match(await said(id), /any window that ended within the last 90 days may fire once more, marked late/);
    assert.match(await said(forecast), /Calls that come late end a silence, and begin none\./);
  });

  it('of many windows are told in one message a round, each in its alert', async () => {
    const channels = [await financeChannel(ana())];
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
