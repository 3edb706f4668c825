import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readLeftOut } from '../../../src/alerts/store/alerts.ts';
import {
  addDays,
  addTime,
  DAY_OF_24_HOURS,
  dayOf,
  HOUR,
  isoFromInstant,
  MINUTE,
  now,
  startOfHour,
} from '../../../src/units/time.ts';
import { evaluateAt, madeAt, resetAlerts } from '../../support/alerts.ts';
import { sharedApp } from '../../support/app.ts';
import { auditLines } from '../../support/audit.ts';
import { ANA, type Client, createClient, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { columnOf, openPage, tableOf, textOf } from '../../support/page.ts';
import { insertAlert } from '../../support/things.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const MONTHLY = {
  name: '<i>Month</i>',
  type: 'threshold',
  measure: 'cost',
  window: 'month',
  warning: 10,
  critical: 20,
};
const STORY = '7b5d2f1a-4c3e-4d2b-8a9f-1e0d6c5b4a39';

describe('the page of an alert', () => {
  let ana: Client;
  let origin: string;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
  });
  after(async () => {
    await resetAlerts();
    await resetUsage();
  });

  /** A rule that fires with what was used a second ago; resolves with the address of its alert. */
  const fired = async (more: object = {}): Promise<{ path: string; id: string; rule: string }> => {
    const made = await ana.json('post', '/api/alerts/rules', { ...MONTHLY, ...more });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    await insertUsage([
      { cost: 20_000_001, model: 'gpt-5', story: STORY, at: now() },
      { cost: 6_000_000, model: '<b>gpt</b>', at: now() },
    ]);
    await evaluateAt(now());
    const { body } = await ana.json('get', '/api/alerts');
    return { path: `/alerts/${body.alerts[0].id}`, id: body.alerts[0].id, rule: made.body.id };
  };
  const history = async (path: string) => {
    const table = tableOf(await openPage(ana, path), 'History');
    const [what, by, note] = ['What', 'By', 'Note'].map((label) => columnOf(table, label).map(({ text }) => text));
    return what?.map((one, i) => [one, by?.[i], note?.[i]]);
  };

  it('says what, how much, since when and why, leads to the very calls, and says who was told', async () => {
    const to = ['on-call@example.com'];
    const channel = await ana.json('post', '/api/alerts/channels', { name: 'On <b>call</b>', type: 'email', to });
    const { path, rule } = await fired({ channels: [channel.body.id] });
    const page = await openPage(ana, path);
    assert.equal(textOf(page.querySelector('h1')), '<i>Month</i>');
    assert.match(
      textOf(page.querySelector('.window')),
      /^critical €26\.00 from .* to .*: level €20\.00\. Tells when cost of a month is €20\.00 or more/,
    );
    assert.match(
      textOf(page.querySelector('.tiles')),
      /Value now ?€26\.00 ?At worst ?€26\.00 ?Level ?€20\.00 critical ?Since/,
    );
    assert.equal(page.querySelector('.trail a:last-child')?.getAttribute('href'), `/alerts/rules/${rule}`);
    const [overview, records] = page
      .querySelectorAll('.title .ways-out a')
      .map((link) => link.getAttribute('href') ?? '');
    assert.match(records ?? '', /^\/ai-usage\/records\?from=.*&to=.*&asOf=/);
    const list = await openPage(ana, records ?? '');
    assert.match(textOf(list.querySelector('.sum')), /^2 records, €26\.00/);
    assert.equal((await ana.get(overview ?? '')).status, 200);
    assert.match(textOf(page.querySelector('.why .lead')), /^\+€26\.00: from €0\.00 to €26\.00\. Compared with /);
    assert.deepEqual(
      columnOf(tableOf(page, 'Models'), 'Model').map(({ text }) => text),
      ['gpt-5', '<b>gpt</b>'],
    );
    const [dearest] = columnOf(tableOf(page, 'Stories'), 'Story');
    assert.match(dearest?.href ?? '', new RegExp(`^/ai-usage/stories/${STORY}`));
    assert.match(
      page.querySelector('.bar-chart svg')?.getAttribute('aria-label') ?? '',
      /The window of the alert is marked/,
    );
    assert.ok(page.querySelector('.marked-bars')?.getAttribute('d'));
    const told = tableOf(page, 'Told to');
    assert.deepEqual(
      columnOf(told, 'To').map(({ text, href }) => [text, href]),
      [['On <b>call</b>', `/alerts/channels/${channel.body.id}`]],
    );
    assert.deepEqual(await history(path), [['Fired', '', '']]);
    assert.equal(page.querySelector('.changed'), null);
  });

  it('marks the days on its chart of which somebody has said something, about calls that it could hold', async () => {
    const { path } = await fired({ filter: 'model=gpt-5' });
    const today = dayOf(now(), 'Europe/Lisbon');
    for (const [text, first, filter] of [
      ['Launch in Brazil', today, ''],
      ['Of another model', today, 'model=tts-1'],
      ['Long before', addDays(today, -200), ''],
    ])
      assert.equal((await ana.json('post', '/api/notes', { text, first, filter })).status, 201);
    try {
      const page = await openPage(ana, path);
      assert.deepEqual(page.querySelectorAll('.of-days li a').map(textOf), ['Launch in Brazil']);
      assert.match(page.querySelector('.bar-chart .noted')?.getAttribute('d') ?? '', /^M\d+ 0V120$/);
    } finally {
      await databases().backoffice('day_notes').delete();
    }
  });

  it('says where its numbers have changed since, and only there', async () => {
    const { path } = await fired();
    const changed = async () => textOf((await openPage(ana, path)).querySelector('.changed'));
    const at = now();
    await insertUsage([{ cost: 1_000_000, at }]);
    assert.equal(await changed(), '', 'what the minute went on to bring is no change');
    await databases().workflows('token_usage_tracking').where('ai_model', '<b>gpt</b>').delete();
    assert.match(
      await changed(),
      /^Its numbers have changed since: counted now, its window up to .* comes to €2[01]\.00, and came to €26\.00 then/,
    );
    assert.match(
      textOf((await openPage(ana, path)).querySelector('.tiles')),
      /At worst ?€26\.00/,
      'history is not rewritten',
    );
  });

  it('says so of each time it was told, weeks after', async () => {
    const begin = addTime(startOfHour(now()), -30n * DAY_OF_24_HOURS);
    const at = (minutes: number) => addTime(begin, BigInt(minutes) * MINUTE);
    await madeAt(ana, { ...MONTHLY, window: 'hour' }, begin);
    await insertUsage([
      { cost: 11_000_000, at: at(1), model: 'first' },
      { cost: 21_000_000, at: at(61), model: 'second' },
    ]);
    await evaluateAt(at(70));
    await evaluateAt(now());
    const { body } = await ana.json('get', '/api/alerts');
    const changed = async () => textOf((await openPage(ana, `/alerts/${body.alerts[0].id}`)).querySelector('.changed'));
    assert.equal(await changed(), '');
    await databases().workflows('token_usage_tracking').where('ai_model', 'first').delete();
    assert.match(await changed(), /^[^;]* comes to €0\.00, and came to €11\.00 then\. Calls/);
    await databases().workflows('token_usage_tracking').where('ai_model', 'second').delete();
    assert.match(
      await changed(),
      / comes to €0\.00, and came to €11\.00 then; .* €0\.00, and came to €21\.00 then\. Calls/,
    );
  });

  it('stays what it was when its rule is changed or deleted', async () => {
    const { path, id, rule } = await fired();
    const { status } = await ana.json('put', `/api/alerts/rules/${rule}`, {
      ...MONTHLY,
      measure: 'tokens',
      warning: null,
      critical: 5,
    });
    assert.equal(status, 200);
    const page = await openPage(ana, path);
    assert.match(
      textOf(page.querySelector('.window')),
      /^critical resolved €26\.00 from .* Tells when cost of a month/,
    );
    assert.equal(page.querySelector('.changed'), null);
    const { body } = await ana.json('get', `/api/alerts/${id}`);
    assert.deepEqual([body.measured, body.value], ['euros', 26.000001]);
    await ana.json('delete', `/api/alerts/rules/${rule}`);
    assert.equal((await ana.get(path)).status, 200);
  });

  it('is acknowledged with a note, snoozed and muted, all of it in its history and in the audit log', async () => {
    const { path, id, rule } = await fired();
    assert.equal(
      (await ana.submit(`${path}/acknowledge`, { note: '<script>alert(1)</script>\r\nlooking' })).status,
      303,
    );
    const until = addTime(now(), 4n * HOUR);
    assert.equal((await ana.submit(`${path}/snooze`, { until: isoFromInstant(until) })).status, 303);
    assert.equal((await ana.submit(`${path}/mute`, { muted: 'true' })).status, 303);
    const page = await openPage(ana, path);
    assert.equal(page.querySelector('main script'), null);
    assert.match(textOf(page.querySelector('.answering .lead')), new RegExp(`^acknowledged by ${ANA}; snoozed until `));
    const lines = (await history(path)) ?? [];
    assert.deepEqual(lines[1], ['Acknowledged', ANA, '&lt;script&gt;alert(1)&lt;/script&gt; looking']);
    assert.match(lines[2]?.join(' ') ?? '', new RegExp(`^Snoozed ${ANA} until \\d`));
    assert.deepEqual(lines[3], ['Muted', ANA, 'The rule was muted.']);
    assert.equal((await ana.json('get', `/api/alerts/rules/${rule}`)).body.muted, true);
    const whole = await ana.json('get', `/api/alerts/${id}`);
    assertDescribed('/api/alerts/{id}', whole);
    const { body } = whole;
    assert.deepEqual([body.acknowledged.by, body.snoozedUntil], [ANA, isoFromInstant(until)]);
    const audit = (await auditLines())
      .slice(-3)
      .map(({ action, subject }: { action: string; subject: string }) => [action, subject]);
    assert.deepEqual(audit, Array(3).fill(['answer alert', path]));
    await ana.submit(`${path}/snooze`, { until: '' });
    assert.equal((await ana.json('get', `/api/alerts/${id}`)).body.snoozedUntil, null);
  });

  it('is answered as JSON', async () => {
    const { id } = await fired();
    const acknowledged = await ana.json('post', `/api/alerts/${id}/acknowledge`, { note: 'seen' });
    assert.equal(acknowledged.status, 200);
    assertDescribed('/api/alerts/{id}/acknowledge', acknowledged, 'post');
    assert.equal(acknowledged.body.acknowledged.by, ANA);
    const until = isoFromInstant(addTime(now(), HOUR));
    assert.equal((await ana.json('post', `/api/alerts/${id}/snooze`, { until })).body.snoozedUntil, until);
    for (const [answer, body, parameter] of [
      ['acknowledge', { note: 'x'.repeat(1001) }, 'note'],
      ['acknowledge', { note: 'a\u0000b' }, 'note'],
      ['acknowledge', { notes: 'a' }, 'notes'],
      ['acknowledge', [], 'body'],
      ['snooze', { until: 'tomorrow' }, 'until'],
      ['snooze', { until: '2020-01-01T00:00:00Z' }, 'until'],
      ['snooze', { until: '2999-01-01T00:00:00Z' }, 'until'],
      ['feedback', { feedback: 'noise' }, 'feedback'],
      ['feedback', { feedback: 'nonsense' }, 'feedback'],
      ['mute', { muted: 'perhaps' }, 'muted'],
    ] as const) {
      const refused = await ana.json('post', `/api/alerts/${id}/${answer}`, body);
      assertDescribed(`/api/alerts/{id}/${answer}`, refused, 'post');
      const { status, body: said } = refused;
      assert.equal(status, 400, JSON.stringify(body));
      assert.equal(said.details[0].parameter, parameter);
      if (parameter === 'body') continue;
      const page = await ana.submit(`/alerts/${id}/${answer}`, body as unknown as Record<string, string>);
      assert.equal(page.status, 400);
      assert.match(page.text, new RegExp(`<li>${parameter} `));
    }
    const kinds = await databases().backoffice('alert_events').where('alert_id', id).orderBy('at').pluck('kind');
    assert.deepEqual(kinds, ['fired', 'acknowledged', 'snoozed'], 'nothing of what was refused is kept');
    assert.equal((await createClient(origin).json('post', `/api/alerts/${id}/acknowledge`, {})).status, 401);
    assert.equal((await ana.post(`/alerts/${id}/acknowledge`, { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  });

  it('of unusual usage is called real, planned or noise, and the latter two are not learned from', async () => {
    const { body: rule } = await ana.json('post', '/api/alerts/rules', { name: 'Odd', type: 'unusual', window: 'day' });
    const { backoffice } = databases();
    const from = addTime(now(), -2n * DAY_OF_24_HOURS);
    const id = await insertAlert(rule.id, {
      ...{ state: 'resolved', value: 48_200_000, worst: 48_200_000, until: isoFromInstant(now()) },
      ...{ window_from: isoFromInstant(from), window_to: isoFromInstant(addTime(from, DAY_OF_24_HOURS)) },
      asked: JSON.stringify({
        type: 'unusual',
        fields: { window: 'day', strength: 4, minEuros: 5, minPercent: 50 },
        filter: '',
      }),
    });
    const path = `/alerts/${id}`;
    const leftOut = async () =>
      [...((await readLeftOut(backoffice, [rule.id], now())).get(rule.id) ?? [])].map((one) => one.from);
    for (const [feedback, out] of [
      ['noise', [from]],
      ['real', []],
      ['planned', [from]],
    ] as const) {
      assert.equal((await ana.submit(`${path}/feedback`, { feedback })).status, 303);
      assert.deepEqual(await leftOut(), out, feedback);
    }
    assert.equal(
      (await ana.json('post', `/api${path}/feedback`, { feedback: 'noise', note: 'an import' })).body.feedback,
      'noise',
    );
    assert.match(textOf((await openPage(ana, path)).querySelector('.answering .lead')), /called noise/);
    assert.deepEqual((await history(path))?.at(-1), ['Called', ANA, 'noise: an import']);
  });

  it('is a 404 where there is none', async () => {
    for (const path of [`/alerts/${randomUUID()}`, '/alerts/x', '/alerts/%00']) {
      assert.equal((await ana.get(path)).status, 404, path);
      assert.equal((await ana.submit(`${path}/acknowledge`, { note: '' })).status, 404, path);
    }
    assert.equal((await ana.json('post', `/api/alerts/${randomUUID()}/snooze`, {})).status, 404);
  });
});
