import assert from 'node:assert/strict';
import { forgetAlerts } from '../../src/alerts/store/forget.ts';
import type { Day } from '../../src/units/calendar.ts';
import {
  addDays,
  addTime,
  DAY_OF_24_HOURS,
  dayOf,
  HOUR,
  type Instant,
  isoFromInstant,
  MINUTE,
  now,
  startOfDay,
} from '../../src/units/time.ts';
import { evaluateAt, resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, location, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { assertDescribed } from '../support/openapi.ts';
import { openPage, textOf } from '../support/page.ts';
import { needsServer } from '../support/skip.ts';
import { until } from '../support/until.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

const LISBON = 'Europe/Lisbon';
const DAILY = { name: 'Today', type: 'threshold', measure: 'cost', window: 'day', warning: 10, critical: 20 };

describe('rules', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
  });

  const make = async (body: object) => {
    const answer = await ana.json('post', '/api/alerts/rules', body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    assertDescribed('/api/alerts/rules', answer, 'post');
    assert.equal(location(answer), `/api/alerts/rules/${answer.body.id}`);
    return answer.body;
  };
  const alerts = async () => {
    const answer = await ana.json('get', '/api/alerts');
    assertDescribed('/api/alerts', answer);
    return answer.body.alerts;
  };

  it('fires once when a day passes its levels, rises, and ends with a calm day', async () => {
    const day = '2026-09-15' as Day;
    const at = (hours: number) => addTime(startOfDay(day, LISBON), BigInt(hours) * HOUR);
    const rule = await make(DAILY);
    // As if it had been made that morning.
    const begin = (instant: Instant) =>
      databases()
        .backoffice('rule_standings')
        .update({ evaluated_until: isoFromInstant(instant) });
    await begin(at(8));
    await insertUsage([
      { cost: 4_000_000, at: at(7) },
      { cost: 6_000_001, at: at(9) },
      { cost: 15_000_000, at: at(11) },
      { cost: 1_000_000, at: at(12) },
    ]);
    await evaluateAt(addTime(at(9), 3n * MINUTE));
    const [first, ...others] = await alerts();
    assert.equal(others.length, 0);
    assert.deepEqual([first.state, first.level, first.value, first.ruleId], ['firing', 'warning', 10.000001, rule.id]);
    assert.equal(first.since, isoFromInstant(addTime(at(9), MINUTE)));
    await evaluateAt(at(13));
    const [second] = await alerts();
    assert.deepEqual(
      [second.id, second.state, second.level, second.value],
      [first.id, 'firing', 'critical', 26.000001],
    );
    await evaluateAt(at(30));
    assert.equal((await alerts())[0].state, 'recovering');
    await evaluateAt(at(49));
    const [last, ...more] = await alerts();
    assert.equal(more.length, 0);
    assert.deepEqual([last.state, last.until], ['resolved', isoFromInstant(at(48))]);
    const kinds = await databases().backoffice('alert_events').orderBy('at').pluck('kind');
    assert.deepEqual(kinds, ['fired', 'rose', 'resolved']);
  });

  it('shows within the running minute', async () => {
    await make({ ...DAILY, name: 'Now', window: 'month' });
    await insertUsage([{ cost: 21_000_000, at: now() }]);
    await evaluateAt(now());
    const [alert] = await alerts();
    assert.deepEqual([alert?.state, alert?.level, alert?.value], ['firing', 'critical', 21]);
  });

  it('rehearses ninety days: what would have been told, and how far it went', async () => {
    const today = now();
    const noon = addTime(startOfDay(addDays(dayOf(today, LISBON), -20), LISBON), 12n * HOUR);
    await insertUsage([
      { cost: 30_000_000, at: addTime(today, -40n * DAY_OF_24_HOURS) },
      { cost: 12_000_000, at: noon },
      { cost: 3_000_000, at: addTime(noon, HOUR) },
    ]);
    await coverUsage();
    const answer = await ana.json('post', '/api/alerts/rehearse', DAILY);
    const { status, body } = answer;
    assert.equal(status, 200, JSON.stringify(body));
    assertDescribed('/api/alerts/rehearse', answer, 'post');
    assert.deepEqual(
      body.events.map(({ state, level, value, worst }: Record<string, unknown>) => ({ state, level, value, worst })),
      [
        { state: 'firing', level: 'critical', value: 30, worst: 30 },
        { state: 'firing', level: 'warning', value: 12, worst: 15 },
      ],
    );
    const address = `/alerts/rules/rehearsal?${new URLSearchParams(JSON.parse(JSON.stringify(DAILY)))}`;
    const said = (await openPage(ana, address)).querySelectorAll('.would-have li').map(textOf);
    assert.match(said[0] ?? '', /^warning €12\.00, at worst €15\.00 level/);
    assert.match(said[1] ?? '', /^critical €30\.00 level/);
  });

  it('rehearses once at a time for each person', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => ana.json('post', '/api/alerts/rehearse', DAILY)));
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.includes(200) && statuses.includes(429), statuses.join());
    for (const answer of answers) assertDescribed('/api/alerts/rehearse', answer, 'post');
    const { name: _, ...unnamed } = DAILY;
    assert.equal((await ana.json('post', '/api/alerts/rehearse', unnamed)).status, 200);
    assert.equal((await ana.json('post', '/api/alerts/rehearse', [])).status, 400);
  });

  it('forgets alerts that ended two years ago', async () => {
    await make({ ...DAILY, name: 'Now', window: 'month' });
    await insertUsage([{ cost: 21_000_000, at: now() }]);
    await evaluateAt(now());
    const { backoffice } = databases();
    assert.equal(await forgetAlerts(backoffice), 0);
    await backoffice('alerts').update({
      state: 'resolved',
      until: isoFromInstant(addTime(now(), -800n * DAY_OF_24_HOURS)),
    });
    assert.equal(await forgetAlerts(backoffice), 1);
    assert.deepEqual(await alerts(), []);
    assert.deepEqual(await backoffice('alert_events'), []);
  });

  it('is sent back as it was read, of every type', async () => {
    const budget = (await ana.json('post', '/api/budgets', { name: 'B', amount: 1, per: 'week' })).body.id;
    for (const body of [
      DAILY,
      { name: 'a', type: 'budget', budget },
      { name: 'a', type: 'forecast', budget },
      { name: 'a', type: 'unusual', window: 'day' },
      { name: 'a', type: 'new', what: 'model' },
      { name: 'a', type: 'unpriced' },
      { name: 'a', type: 'silence', hours: 3 },
      { name: 'a', type: 'price', percent: 20 },
    ]) {
      const { id } = (await ana.json('post', '/api/alerts/rules', body)).body;
      const path = `/api/alerts/rules/${id}`;
      const sent = (await ana.json('get', path)).body;
      const answer = await ana.json('put', path, { ...sent, name: 'Other' });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.deepEqual((await ana.json('get', path)).body, { ...sent, name: 'Other' });
    }
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });

  it('begins anew where it is changed back while somebody changes it', async function () {
    needsServer(this);
    const { backoffice } = databases();
    const { id } = await make(DAILY);
    const other = await backoffice.transaction();
    await other('alert_rules')
      .where('rule_id', id)
      .update({ fields: { ...DAILY, critical: 99 } });
    const back = ana.json('put', `/api/alerts/rules/${id}`, DAILY);
    await until(
      async () =>
        (
          await backoffice.raw(
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%alert_rules%'`,
          )
        ).rows.length > 0,
      'the change to wait for the other',
    );
    await other.commit();
    assert.equal((await back).status, 200);
    assert.equal((await backoffice('alert_rules').where('rule_id', id).first('revision')).revision, 2);
  });

  for (const [why, body, parameter] of [
    ['a negative level', { ...DAILY, critical: -1 }, 'critical'],
    ['more euros than can be counted', { ...DAILY, critical: 100_000_000_000 }, 'critical'],
    ['reversed levels', { ...DAILY, warning: 30 }, 'warning'],
    ['an unknown type', { ...DAILY, type: 'thresh' }, 'type'],
    ['an unknown filter', { ...DAILY, filter: 'modell=gpt-5' }, 'filter'],
    ['a name that is too long', { ...DAILY, name: 'n'.repeat(300) }, 'name'],
    ['half a character', { ...DAILY, filter: 'model=\ud800' }, 'filter'],
    ['another owner', { ...DAILY, owner: 'rui.costa@caravanconcierge.com' }, 'owner'],
    ['an unknown field', { ...DAILY, meassure: 'cost' }, 'meassure'],
    ['a channel that is not there', { ...DAILY, channels: ['0b9f3e5c-4a4f-4b8e-9a55-7e0d6a3f2f10'] }, 'channels'],
    [
      'a budget that is not there',
      { name: 'B', type: 'budget', budget: '0b9f3e5c-4a4f-4b8e-9a55-7e0d6a3f2f10' },
      'budget',
    ],
  ] as const) {
    it(`refuses ${why}`, async () => {
      const { status, body: answer } = await ana.json('post', '/api/alerts/rules', body);
      assert.equal(status, 400);
      assert.ok(
        answer.details.some((one: { parameter: string }) => one.parameter === parameter),
        JSON.stringify(answer),
      );
      assert.deepEqual((await ana.json('get', '/api/alerts/rules')).body.rules, []);
    });
  }

  it('says of a type that is none that it is none, and of its fields nothing', async () => {
    for (const type of ['nope', 'toString', 7, undefined]) {
      const { status, body } = await ana.json('post', '/api/alerts/rules', { ...DAILY, type });
      assert.equal(status, 400);
      assert.deepEqual(
        body.details.map(({ parameter }: { parameter: string }) => parameter),
        ['type'],
      );
    }
  });
});
