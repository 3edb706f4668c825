import assert from 'node:assert/strict';
import { openAlertWords } from '../../src/alerts/open-alerts.ts';
import { createFormat } from '../../src/units/format.ts';
import { addTime, HOUR, type Instant, isoFromInstant, MINUTE, now } from '../../src/units/time.ts';
import { at, evaluateAt, financeChannel, madeAt, withoutAlerts } from '../support/alerts.ts';
import { databases } from '../support/databases.ts';
import { columnOf, openPage, tableOf, textOf } from '../support/page.ts';
import { insertUsage } from '../support/usage.ts';

const DAILY = { type: 'threshold', measure: 'cost', window: 'day', critical: 10 };

describe('what is told', () => {
  const { ana } = withoutAlerts();
  let channels: string[];
  beforeEach(async () => {
    channels = [await financeChannel(ana())];
  });

  const make = (body: object, begin: Instant) => madeAt(ana(), { ...body, channels }, begin);
  type Message = {
    subject: string;
    links: { label: string; url: string }[];
    facts: { label: string; value: string }[];
  };
  const told = (): Promise<Message[]> => databases().backoffice('deliveries').orderBy('made_at').pluck('message');
  /** Where a link of the newest message leads, on this app. */
  const linked = async (label: string): Promise<string> => {
    const url = (await told()).at(-1)?.links.find((one) => one.label === label)?.url ?? '';
    const { pathname, search } = new URL(url);
    return `${pathname}${search}`;
  };

  it('leads to the very calls at once, in the minute in which they were made, and frozen', async () => {
    const moment = now();
    await make(DAILY, addTime(moment, -2n * MINUTE));
    await insertUsage([{ cost: 11_000_000, at: moment }]);
    await evaluateAt(now());
    const calls = await linked('Its calls');
    assert.equal((await ana().get(calls)).status, 200);
    // What the running minute shows is told before that is over: the link ends there, and may not see what comes after.
    const { searchParams } = new URL(calls, 'http://localhost');
    assert.ok((searchParams.get('asOf') ?? '') <= isoFromInstant(now()), 'nothing is frozen at an instant to come');
    await insertUsage([{ cost: 1, at: addTime(now(), 1n) }]);
    assert.match(textOf((await openPage(ana(), calls)).querySelector('.sum')), /^1 record, €11\.00/);
    assert.equal((await ana().get(await linked('The overview of its window'))).status, 200);
  });

  const factsOf = (message: Message | undefined) =>
    Object.fromEntries((message?.facts ?? []).map(({ label, value }) => [label, value]));

  it('is first the fact, of a window in as few words as say it, and the level that it has reached', async () => {
    await make({ ...DAILY, name: 'Day', warning: 1, critical: 10 }, at(9));
    await make({ ...DAILY, name: 'Week', measure: 'requests', window: 'week', critical: 1 }, at(9));
    await make({ ...DAILY, name: 'Hour', measure: 'tokens', window: 'hour', critical: 1 }, at(9));
    await make({ type: 'new', what: 'model', name: 'New' }, at(9));
    await insertUsage([{ cost: 11_000_000, input: 1, output: 0, model: 'gpt-9', at: at(10) }]);
    await evaluateAt(addTime(at(10), MINUTE / 2n));
    const messages = await told();
    assert.deepEqual(messages.map(({ subject }) => subject).sort(), [
      '1 request since Mon, 14 Sept 2026: Week',
      '1 token since 10:00: Hour',
      'gpt-9: 1 request since midnight: New',
      '€11.00 since midnight: Day',
    ]);
    const day = factsOf(messages.find(({ subject }) => subject.endsWith(': Day')));
    assert.equal(day.Level, '€10.00', 'of the two');
    assert.equal(day['Firing since'], '15 Sept 2026, 10:00:30', 'which is no time to come');
    const { body } = await ana().json('get', '/api/alerts');
    assert.equal(body.alerts.find(({ rule }: { rule: string }) => rule === 'Day').threshold, 10);
  });

  it('of a day that is over names the day, and of a budget says the share that is passed', async () => {
    await make({ ...DAILY, name: 'Late' }, at(9));
    const made = await ana().json('post', '/api/budgets', { name: 'B', amount: 10, per: 'month' });
    await make({ type: 'budget', budget: made.body.id, name: 'Budget' }, at(9));
    await evaluateAt(at(26));
    await insertUsage([{ cost: 11_000_000, at: at(20) }]);
    await evaluateAt(at(27));
    const messages = await told();
    assert.deepEqual(messages.map(({ subject }) => subject).sort(), [
      '110% since Tue, 1 Sept 2026: Budget',
      'Late: €11.00 on Tue, 15 Sept 2026: Late',
    ]);
    assert.equal(factsOf(messages.find(({ subject }) => subject.startsWith('110%'))).Level, '100%');
    const alert = (await ana().json('get', '/api/alerts')).body.alerts.find(
      ({ type }: { type: string }) => type === 'budget',
    );
    const page = await openPage(ana(), `/alerts/${alert.id}`);
    assert.match(textOf(page.querySelector('.tiles')), /Level ?100% critical/);
    assert.ok(page.querySelector('.level-bar .over.critical'));
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });

  it('of a new provider leads to its calls', async () => {
    await insertUsage([{ model: 'gpt-5', at: at(8) }]);
    await make({ type: 'new', what: 'provider' }, at(9));
    await insertUsage([
      { model: 'gpt-6', at: at(9.2) },
      { model: 'claude-opus', at: at(9.3) },
      { model: 'claude-haiku', at: at(9.3) },
    ]);
    await evaluateAt(at(10));
    const [message, ...others] = await told();
    assert.equal(others.length, 0);
    assert.match(message?.subject ?? '', /^Anthropic: 2 requests /);
    const page = await openPage(ana(), await linked('Its calls'));
    assert.match(textOf(page.querySelector('.sum')), /^2 records/);
    assert.deepEqual(
      columnOf(tableOf(page, 'Records'), 'Model')
        .map(({ text }) => text)
        .sort(),
      ['claude-haiku', 'claude-opus'],
    );
  });

  for (const [model, written] of [
    ['', '""'],
    ['"gpt"', '""gpt""'],
    ['total', '"total"'],
  ] as const)
    it(`names a model as pages do, and leads to its calls: ${JSON.stringify(model)}`, async () => {
      await make({ type: 'unpriced', minTokens: 1 }, at(9));
      await insertUsage([
        { model, cost: 0, at: at(9.2) },
        { model: 'gpt-5', cost: 1, at: at(9.2) },
      ]);
      await evaluateAt(at(10));
      const [message] = await told();
      assert.ok(message?.subject.startsWith(`${written}: 1,500 tokens `), message?.subject);
      assert.equal(message?.facts.find(({ label }) => label === 'Of')?.value, written);
      assert.match(textOf((await openPage(ana(), await linked('Its calls'))).querySelector('.sum')), /^1 record,/);
      assert.equal(
        textOf((await openPage(ana(), await linked('The alert'))).querySelector('h1')),
        `${written}: A rule`,
      );
      const [words] = await openAlertWords(databases().backoffice, createFormat('en-GB', 'Europe/Lisbon'));
      assert.ok(words?.startsWith(`A rule: ${written} 1,500 tokens`), words);
      const [rule] = (await ana().json('get', '/api/alerts/rules')).body.rules;
      assert.deepEqual([rule.state, rule.value], ['firing', null]);
      await insertUsage([{ model: 'gpt-5', cost: 1, at: at(60) }]);
      await evaluateAt(at(61));
      assert.equal((await ana().json('get', '/api/alerts/rules')).body.rules[0].state, 'ok');
    });

  it('is told nobody where its rule is muted, which fires all the same', async () => {
    await make({ ...DAILY, muted: true }, at(9));
    await make({ ...DAILY, name: 'Another' }, at(9));
    await insertUsage([{ cost: 11_000_000, at: at(10) }]);
    await evaluateAt(at(11));
    assert.equal((await ana().json('get', '/api/alerts')).body.alerts.length, 2);
    assert.deepEqual(
      (await told()).map(({ subject }) => subject),
      ['€11.00 since midnight: Another'],
    );
  });

  it('is not told again while its rule is muted, snoozed or cannot be evaluated, and is afterwards', async () => {
    await make({ ...DAILY, remindHours: 1 }, at(9));
    await insertUsage([{ cost: 11_000_000, at: at(9.5) }]);
    await evaluateAt(at(9.6));
    const { backoffice } = databases();
    const reminded = async () => (await backoffice('alert_events').where('kind', 'reminded')).length;
    assert.equal(await reminded(), 0);
    let hours = 10;
    for (const [table, quiet, again] of [
      ['alert_rules', { muted: true }, { muted: false }],
      ['alerts', { snoozed_until: isoFromInstant(at(23)) }, { snoozed_until: null }],
      ['rule_standings', { error: 'its budget has been deleted', error_since: isoFromInstant(at(9)) }, { error: null }],
      ['alerts', { acknowledged_at: isoFromInstant(at(9)) }, { acknowledged_at: null }],
    ] as const) {
      const before = await reminded();
      hours += 1;
      const due = at(hours);
      await backoffice(table).update(quiet);
      // What failed a moment ago is not tried again yet.
      if (table === 'rule_standings') await backoffice(table).update({ evaluated_at: isoFromInstant(due) });
      await evaluateAt(addTime(due, MINUTE));
      assert.equal(await reminded(), before, JSON.stringify(quiet));
      await backoffice(table).update(again);
      await evaluateAt(addTime(due, 2n * MINUTE));
      assert.equal(await reminded(), before + 1, JSON.stringify(again));
      await evaluateAt(addTime(due, HOUR / 2n));
      assert.equal(await reminded(), before + 1, 'within the hour it is not told once more');
    }
    assert.equal((await told()).length, 5);
  });
});
