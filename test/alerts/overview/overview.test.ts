import assert from 'node:assert/strict';
import { addTime, DAY_OF_24_HOURS, HOUR, isoFromInstant, MINUTE, now } from '../../../src/units/time.ts';
import { evaluateAt, resetAlerts } from '../../support/alerts.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { csvRows, download } from '../../support/export.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { columnOf, openPage, tableOf, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const MONTHLY = {
  name: '<i>Month</i>',
  type: 'threshold',
  measure: 'cost',
  window: 'month',
  warning: 10,
  critical: 20,
};

describe('the page of alerts', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
  after(async () => {
    await resetAlerts();
    await resetUsage();
  });

  const make = async (body: object = MONTHLY): Promise<string> => {
    const answer = await ana.json('post', '/api/alerts/rules', body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.id;
  };

  it('has templates where there is no rule, how much a day may cost proposed from the last four weeks', async () => {
    await insertUsage(
      Array.from({ length: 20 }, (_, i) => ({
        cost: 21_000_000,
        at: addTime(now(), -BigInt(i + 1) * DAY_OF_24_HOURS),
      })),
    );
    for (const path of ['/alerts', '/alerts/rules']) {
      const page = await openPage(ana, path);
      assert.equal(textOf(page.querySelector('.empty h2')), 'No rule yet', path);
      const templates = page.querySelectorAll('.templates a').map((link) => [textOf(link), link.getAttribute('href')]);
      assert.deepEqual(templates[0], [
        'Today over €50',
        '/alerts/rules/new?type=threshold&name=Today+over+%E2%82%AC50&measure=cost&window=day&critical=50',
      ]);
      assert.deepEqual(
        templates.slice(1).map(([label]) => label),
        ['Month over budget', 'Unusual day', 'Model without a price'],
      );
    }
    const { body } = await ana.json('post', '/api/budgets', { name: 'All', amount: 100, per: 'month' });
    const [, budget] = (await openPage(ana, '/alerts')).querySelectorAll('.templates a');
    assert.match(
      budget?.getAttribute('href') ?? '',
      new RegExp(`type=budget&name=Budget\\+All&budget=${body.id}&percents=`),
    );
  });

  it('says what fires, its value against its level and since when, and every rule with its last evaluation', async () => {
    const id = await make();
    await make({ ...MONTHLY, name: 'Calm', warning: null, critical: 1000 });
    assert.equal(textOf((await openPage(ana, '/alerts')).querySelector('.calm')), 'Nothing fires.');
    await insertUsage([{ cost: 26_000_001, at: now() }]);
    await evaluateAt(now());
    const page = await openPage(ana, '/alerts');
    const [item, ...others] = page.querySelectorAll('.firing li');
    assert.equal(others.length, 0);
    assert.match(textOf(item ?? null), /^<i>Month<\/i> critical €26\.00 level €20\.00 since /);
    assert.equal(item?.querySelector('svg')?.getAttribute('aria-label'), '€26.00 of €20.00');
    const { body } = await ana.json('get', '/api/alerts');
    assert.equal(item?.querySelector('a')?.getAttribute('href'), `/alerts/${body.alerts[0].id}`);
    const table = tableOf(page, 'Rules');
    assert.deepEqual(
      columnOf(table, 'Rule')
        .map(({ text, href }) => [text, href])
        .at(0),
      ['<i>Month</i>', `/alerts/rules/${id}`],
    );
    assert.deepEqual(
      columnOf(table, 'State').map(({ flag, text }) => flag ?? text),
      ['firing', 'ok'],
    );
    assert.match(
      textOf(page.querySelector('.rules tbody tr')),
      /when cost of a month is €20\.00 or more.*€26\.00 level €20\.00 .* in \d+ ms/,
    );
    const strip = page.querySelector('.rules tbody .strip');
    assert.match(strip?.getAttribute('aria-label') ?? '', /^The last 24 hours: firing 1 min, .*not checked/);
    assert.equal(strip?.querySelectorAll('rect.state-firing').length, 1);
    assert.equal(page.querySelector('.notice'), null, 'evaluation is not behind');
  });

  it('lists what was resolved, of deleted rules too', async () => {
    const id = await make();
    await insertUsage([{ cost: 26_000_001, at: now() }]);
    await evaluateAt(now());
    assert.equal((await ana.submit(`/alerts/rules/${id}/delete`, {})).status, 303);
    const page = await openPage(ana, '/alerts');
    assert.equal(page.querySelector('.firing'), null);
    assert.deepEqual(
      columnOf(tableOf(page, 'Resolved lately'), 'Alert').map(({ text }) => text),
      ['<i>Month</i>'],
    );
  });

  it('says where evaluation is more than five minutes behind, and where a rule cannot be evaluated', async () => {
    const id = await make();
    const { backoffice } = databases();
    const until = (minutes: number) =>
      backoffice('rule_standings').update({
        evaluated_until: isoFromInstant(addTime(now(), -BigInt(minutes) * MINUTE)),
      });
    await until(4);
    assert.equal((await openPage(ana, '/alerts')).querySelector('.notice'), null);
    await until(130);
    for (const path of ['/alerts', '/alerts/rules'])
      assert.match(
        textOf((await openPage(ana, path)).querySelector('.notice')),
        /^Rules were last checked as of .*, 2 hrs 10 mins.* ago/,
      );
    await backoffice('rule_standings').update({
      state: 'error',
      error: 'its budget <b>',
      error_since: isoFromInstant(addTime(now(), -HOUR)),
    });
    assert.deepEqual(
      columnOf(tableOf(await openPage(ana, '/alerts'), 'Rules'), 'State').map(({ flag }) => flag),
      ['error'],
    );
    assert.match(
      textOf((await openPage(ana, `/alerts/rules/${id}`)).querySelector('.notice')),
      /cannot be checked since .*: its budget <b>\. Nobody was told, for it has no channel\./,
    );
  });

  it('says where rules rest, for a clock that was ahead has been set back', async () => {
    await make();
    await make({ ...MONTHLY, name: 'Another' });
    const ahead = addTime(now(), 6n * HOUR);
    await evaluateAt(ahead);
    await make({ ...MONTHLY, name: 'A third' });
    await evaluateAt(now());
    for (const path of ['/alerts', '/alerts/rules'])
      assert.match(
        textOf((await openPage(ana, path)).querySelector('.notice')),
        /^A clock was ahead: 2 rules were checked up to .*, and rest until then, for another (6 hrs|5 hrs 59 mins)/,
      );
    const answer = await ana.json('get', '/api/alerts');
    assertDescribed('/api/alerts', answer);
    assert.ok(answer.body.restingUntil > isoFromInstant(addTime(ahead, -MINUTE)));
    await evaluateAt(addTime(ahead, HOUR));
    await databases()
      .backoffice('rule_standings')
      .update({ evaluated_until: isoFromInstant(addTime(now(), MINUTE)) });
    assert.equal((await openPage(ana, '/alerts')).querySelector('.notice'), null, 'the running minute is no reason');
    assert.equal((await ana.json('get', '/api/alerts')).body.restingUntil, null);
  });

  it('is a file of every rule', async () => {
    await make();
    await insertUsage([{ cost: 12_000_001, at: now() }]);
    await evaluateAt(now());
    const [row, ...others] = csvRows((await download(origin, ana, '/alerts/rules.csv')).text);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [row?.Rule, row?.Type, row?.State, row?.['Measured in'], row?.['Value (€)'], row?.['Value, counted']],
      ['<i>Month</i>', 'threshold', 'firing', 'euros', '12.000001', ''],
    );
    const fields = { measure: 'cost', cost: 'recorded', window: 'month', warning: 10, critical: 20 };
    assert.deepEqual(JSON.parse(row?.Fields ?? ''), fields);
  });
});
