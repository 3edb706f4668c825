import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { RULE_TYPE_NAMES, ruleTypeOf } from '../../../src/alerts/rules/registry.ts';
import { addTime, DAY_OF_24_HOURS, now } from '../../../src/units/time.ts';
import { resetAlerts } from '../../support/alerts.ts';
import { sharedApp } from '../../support/app.ts';
import { auditLines } from '../../support/audit.ts';
import { ANA, type Client, HTMX_FRAGMENT, location, signedIn } from '../../support/client.ts';
import { openPage, submitted, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const DAILY = {
  type: 'threshold',
  name: 'Today',
  measure: 'cost',
  window: 'day',
  warning: '10',
  critical: '20',
  filter: '',
};
const address = (path: string, fields: Record<string, string>) => `${path}?${new URLSearchParams(fields)}`;

describe('the pages of a rule', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
  });
  after(async () => {
    await resetAlerts();
    await resetUsage();
  });

  const rules = async () => (await ana.json('get', '/api/alerts/rules')).body.rules;
  const made = async (fields: Record<string, string> = DAILY): Promise<string> => {
    const answer = await ana.submit('/alerts/rules', fields);
    assert.equal(answer.status, 303, answer.text);
    return location(answer);
  };

  it('makes one in a form, shows, changes, mutes and deletes it, all of it written down', async () => {
    const channel = await ana.json('post', '/api/alerts/channels', {
      name: 'Us',
      type: 'email',
      to: ['a@example.com'],
    });
    const path = await made({
      ...DAILY,
      channels: channel.body.id,
      evaluations: '2',
      remindHours: '',
      filter: 'model=gpt-5',
    });
    const page = await openPage(ana, path);
    assert.equal(textOf(page.querySelector('h1')), 'Today');
    assert.match(
      textOf(page.querySelector('.window')),
      /^Tells when cost of a day is €20\.00 or more, a warning from €10\.00\. Calls whose model is gpt-5:/,
    );
    assert.equal(page.querySelector('.window a')?.getAttribute('href'), '/ai-usage?model=gpt-5');
    const value = (name: string) => page.querySelector(`form [name=${name}]`)?.getAttribute('value');
    assert.deepEqual(['name', 'critical', 'warning', 'evaluations', 'remindHours', 'filter'].map(value), [
      'Today',
      '20',
      '10',
      '2',
      '',
      'model=gpt-5',
    ]);
    assert.ok(page.querySelector(`input[name=channels][value="${channel.body.id}"][checked]`));

    const fields = {
      ...DAILY,
      id: path.split('/').at(-1) ?? '',
      name: 'Images',
      critical: '30',
      channels: channel.body.id,
    };
    assert.equal(location(await ana.submit(path, fields)), path);
    assert.equal((await ana.submit(`${path}/mute`, { muted: 'true' })).status, 303);
    const [rule] = await rules();
    assert.deepEqual([rule.name, rule.critical, rule.muted, rule.channels], ['Images', 30, true, [channel.body.id]]);
    assert.match(textOf((await openPage(ana, path)).querySelector('.tiles')), /muted: nobody is told/);
    await ana.submit(`${path}/mute`, { muted: 'false' });
    assert.equal((await rules())[0].muted, false);
    assert.equal((await ana.submit(`${path}/delete`, {})).status, 303);
    assert.equal((await ana.get(path)).status, 404);
    const lines = (await auditLines())
      .slice(-5)
      .map(({ action, email }: { action: string; email: string }) => [action, email]);
    assert.deepEqual(lines, [
      ...['make rule', 'change rule', 'change rule', 'change rule', 'delete rule'].map((action) => [action, ANA]),
    ]);
  });

  for (const type of RULE_TYPE_NAMES) {
    it(`has the fields of its type, and carries over what was entered: ${type}`, async () => {
      const { fields } = ruleTypeOf(type);
      const page = await openPage(ana, address('/alerts/rules/new', { ...DAILY, type, name: 'Carried' }));
      const form = page.querySelector('form.rule-form');
      assert.ok(form);
      const named = form.querySelectorAll('fieldset:first-of-type [name]').map((field) => field.getAttribute('name'));
      const shared = 'budget' in fields ? ['evaluations'] : ['filter', 'evaluations'];
      assert.deepEqual(named, [...Object.keys(fields), ...shared]);
      assert.equal(form.querySelector('[name=name]')?.getAttribute('value'), 'Carried');
      assert.equal(page.querySelector('.not-understood'), null);
      // What a browser without scripts would ask for next.
      assert.equal((await ana.get(submitted(form).replace(/^[^?]*/, '/alerts/rules/new'))).status, 200);
    });
  }

  it('keeps what was entered, and says beside each field what it takes', async () => {
    const wrong = { ...DAILY, name: '<b>', critical: '-1', filter: 'modl=1', evaluations: '0' };
    const path = await made();
    for (const where of ['/alerts/rules', path]) {
      const { status, text } = await ana.submit(where, wrong);
      assert.equal(status, 400);
      assert.match(text, /name="name" value="&lt;b&gt;"/);
      assert.match(text, /name="critical" value="-1"[^>]* aria-invalid="true" aria-describedby="critical-problem"/);
      assert.match(text, /id="critical-problem">takes a number above 0/);
      assert.match(text, /id="filter-problem">takes model,.* and not “modl”/);
      assert.match(text, /id="evaluations-problem">takes how many/);
    }
    const reversed = await ana.submit('/alerts/rules', { ...DAILY, warning: '20' });
    assert.match(reversed.text, /id="warning-problem">takes less than critical \(20\)/);
    assert.deepEqual(
      (await rules()).map(({ name }: { name: string }) => name),
      ['Today'],
    );
  });

  it('is a 404 where there is none', async () => {
    for (const path of [`/alerts/rules/${randomUUID()}`, '/alerts/rules/x', '/alerts/rules/%00']) {
      assert.equal((await ana.get(path)).status, 404, path);
      for (const does of ['', '/mute', '/delete'])
        assert.equal((await ana.submit(path + does, DAILY)).status, 404, path + does);
    }
  });

  describe('a rehearsal', () => {
    const ago = (days: number) => addTime(now(), -BigInt(days) * DAY_OF_24_HOURS);

    it('says what the rule would have told, as a page and as a part of one, and what the JSON says', async () => {
      await insertUsage([
        { cost: 30_000_001, at: ago(40) },
        { cost: 12_000_000, at: ago(20) },
        { cost: 1_000_000, at: ago(10) },
      ]);
      const path = address('/alerts/rules/rehearsal', DAILY);
      const page = await openPage(ana, path);
      assert.match(
        textOf(page.querySelector('.rehearsal .lead')),
        /^Would have fired twice in the last 90 days\. Tells when cost of a day/,
      );
      const told = page.querySelectorAll('.would-have li').map(textOf);
      assert.match(told[0] ?? '', /^warning €12\.00 level €10\.00 .*, for /);
      assert.match(told[1] ?? '', /^critical €30\.00 level €20\.00 /);
      const { body } = await ana.json('post', '/api/alerts/rehearse', DAILY);
      assert.equal(told.length, body.events.length);
      assert.match(page.querySelector('.bar-chart svg')?.getAttribute('aria-label') ?? '', /^Would have fired twice/);
      assert.ok((page.querySelector('.marked-bars')?.getAttribute('d')?.match(/M/g)?.length ?? 0) >= 2);
      assert.equal(page.querySelector('.trail a:last-child')?.getAttribute('href')?.split('?')[0], '/alerts/rules/new');
      const { text, status } = await ana.get(path, HTMX_FRAGMENT);
      assert.equal(status, 200);
      assert.match(text, /^<section id="rehearsal"/);
    });

    it('says when most of it would have been', async () => {
      const hour = 3_600_000_000n;
      const silent = { type: 'threshold', measure: 'cost', window: 'hour', critical: '1', name: '' };
      const midnight = addTime(now(), -(now() % (24n * hour)) - 30n * DAY_OF_24_HOURS);
      await insertUsage(
        [22n, 26n, 38n + 48n].map((hours) => ({ cost: 2_000_000, at: addTime(midnight, hours * hour + hour / 2n) })),
      );
      const page = await openPage(ana, address('/alerts/rules/rehearsal', silent));
      assert.match(
        textOf(page.querySelector('.rehearsal .lead b')),
        /^Would have fired 3 times in the last 90 days, 2 of them in the night of /,
      );
    });

    it('says what is missing, and does not begin by itself before that', async () => {
      const { critical: _, ...missing } = DAILY;
      const answer = await ana.get(address('/alerts/rules/rehearsal', missing), HTMX_FRAGMENT);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /<li>Critical from takes a number above 0/);
      const loads = async (fields: Record<string, string>) =>
        (await openPage(ana, address('/alerts/rules/new', fields)))
          .querySelector('#rehearsal')
          ?.getAttribute('hx-trigger');
      assert.equal(await loads(missing), undefined);
      assert.equal(await loads({ ...DAILY, name: '' }), 'load');
    });

    it('stands on the page of a rule, with what the rule is', async () => {
      const path = await made({ type: 'unusual', name: 'Odd', window: 'day' });
      const id = path.split('/').at(-1) ?? '';
      const href = (await openPage(ana, path)).querySelector('#rehearsal')?.getAttribute('hx-get') ?? '';
      const rule = { id, type: 'unusual', name: 'Odd', window: 'day', strength: '4', minEuros: '5', minPercent: '50' };
      const asked = Object.fromEntries(new URL(href, 'http://x').searchParams);
      assert.deepEqual(asked, { ...rule, cost: 'recorded', evaluations: '1' });
      await insertUsage([{ cost: 1_000_000, at: ago(1) }]);
      const page = await openPage(ana, href);
      assert.match(textOf(page.querySelector('.lead b')), /still be learning/);
      const back = page.querySelector('.trail a:last-child')?.getAttribute('href') ?? '';
      assert.equal(back.split('?')[0], path);
      assert.ok((await openPage(ana, back)).querySelector('details.editing[open]'));
    });

    it('is one at a time for each person, and stands or falls alone', async () => {
      const path = address('/alerts/rules/rehearsal', DAILY);
      const answers = await Promise.all(Array.from({ length: 4 }, () => ana.get(path)));
      const statuses = answers.map(({ status }) => status);
      assert.ok(statuses.includes(200));
      for (const { status, text } of answers.filter((one) => one.status !== 200)) {
        assert.equal(status, 429);
        assert.match(text, /Another rule of yours is being tried/);
      }
      assert.equal((await ana.get(path)).status, 200, 'the place is given back');
    });
  });
});
