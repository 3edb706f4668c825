import assert from 'node:assert/strict';
import { type AlertJson, at, evaluateAt, financeChannel, madeAt, withoutAlerts } from '../support/alerts.ts';
import { databases } from '../support/databases.ts';
import { assertDescribed } from '../support/openapi.ts';
import { openPage, textOf } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { insertUsage } from '../support/usage.ts';

const DAY = { type: 'threshold', measure: 'cost', window: 'day', critical: 5, cost: 'repriced' };
const BUDGET = { name: 'All', amount: 20, per: 'month', cost: 'repriced' };
const PRICE = { from: '2020-01-01', currency: 'EUR', inputPerMillion: 1.25, outputPerMillion: 10 };

describe('rules by the price list', () => {
  const { ana } = withoutAlerts();
  const alerts = async (): Promise<AlertJson[]> => (await ana().json('get', '/api/alerts')).body.alerts;
  const valuesOf = async () => (await alerts()).map(({ state, value }) => [state, value]);

  it('tell of what calls cost there, and not of what was recorded', async () => {
    await enterPrice(ana(), { ...PRICE, model: 'gpt-5' });
    await insertUsage([
      { model: 'gpt-5', input: 8_000_000, output: 0, cost: 1, at: at(1) },
      { model: 'mystery-1', input: 8_000_000, cost: 90_000_000, at: at(2) },
    ]);
    await madeAt(ana(), DAY, at(1));
    await madeAt(ana(), { ...DAY, type: 'unusual', window: 'day', critical: undefined, measure: undefined }, at(0));
    // By the minute, and then what was missed at once.
    for (const hour of [1.05, 12]) {
      await evaluateAt(at(hour));
      assert.deepEqual(await valuesOf(), [['firing', 10]]);
    }
    const [alert] = await alerts();
    const page = await openPage(ana(), `/alerts/${alert?.id}`);
    assert.match(textOf(page.querySelector('main')), /cost by the price list of a day is €5\.00 or more/);
    assert.ok(page.querySelector('a[href*="cost=repriced"]'), 'leads to the same costs');
    assert.match(textOf(page.querySelector('main')), /Stories, as recorded/);
  });

  it('say in every message, on the page of the alert and to programs which calls no price is for', async () => {
    await enterPrice(ana(), { ...PRICE, model: 'gpt-5' });
    await insertUsage([
      { model: 'gpt-5', input: 8_000_000, output: 0, cost: 1, at: at(1) },
      { model: 'mystery-1', cost: 0, at: at(1) },
      { model: 'mystery-1', cost: 0, at: at(2) },
      { model: 'mystery-2', cost: 0, at: at(23) },
    ]);
    const { id: budget } = (await ana().json('post', '/api/budgets', { ...BUDGET, filter: '' })).body;
    const channels = [await financeChannel(ana())];
    await madeAt(ana(), { ...DAY, name: 'Day', remindHours: 1, channels }, at(0));
    await madeAt(ana(), { ...DAY, name: 'Recorded', cost: 'recorded', critical: 0.000001, channels }, at(0));
    await madeAt(ana(), { type: 'budget', name: 'Month', budget, percents: [40], channels }, at(0));
    await evaluateAt(at(3));
    const sent = await databases().backoffice('deliveries').orderBy('made_at').pluck('message');
    const said = sent.map(({ subject, paragraphs, data }) => [
      ...[subject.replace(/.*: /, ''), data.event, data.alert.unpriced?.requests ?? null],
      paragraphs.filter((text: string) => text.startsWith('Left out')),
    ]);
    // As of when it was told of: in the minute of the first call.
    const leftOut = 'Left out of these costs, for the price list has no price: 1 call of mystery-1.';
    assert.deepEqual(said.sort(), [
      ['Day', 'fired', 1, [leftOut]],
      ['Day', 'reminded', 1, [leftOut]],
      ['Month', 'fired', 1, [leftOut]],
      ['Recorded', 'fired', null, []],
    ]);
    for (const alert of await alerts()) {
      const page = await openPage(ana(), `/alerts/${alert.id}`);
      const notices = page.querySelectorAll('.notice[role=note]').map(textOf);
      assert.deepEqual(notices, alert.unpriced === null ? [] : [`left out ${leftOut}`]);
    }
    const answer = await ana().json('get', '/api/alerts');
    assertDescribed('/api/alerts', answer);
  });

  it('follow a budget that counts so', async () => {
    await enterPrice(ana(), { ...PRICE, model: 'gpt-5' });
    await insertUsage([{ model: 'gpt-5', input: 8_000_000, output: 0, cost: 1, at: at(1) }]);
    const { id } = (await ana().json('post', '/api/budgets', BUDGET)).body;
    await madeAt(ana(), { type: 'budget', budget: id, percents: [40] }, at(0));
    await evaluateAt(at(3));
    assert.deepEqual(await valuesOf(), [['firing', 0.5]]);
    const { rules } = (await ana().json('get', '/api/alerts/rules')).body;
    assert.equal(rules[0].sentence, 'All by the price list is used to 40%');
  });

  it('say which calls no price is for, and refuse what the price list does not change', async () => {
    await insertUsage([{ model: 'mystery-1', cost: 5 }]);
    const made = await ana().json('post', '/api/alerts/rules', { name: 'A day', ...DAY });
    assertDescribed('/api/alerts/rules', made, 'post');
    assert.deepEqual(made.body.unpriced, { requests: 1, models: ['mystery-1'] });
    const page = await openPage(ana(), `/alerts/rules/${made.body.id}`);
    assert.match(textOf(page.querySelector('.notice')), /^left out Of the last 28 days: .* 1 call of mystery-1\./);
    assert.equal(page.querySelector('select[name=cost] option[selected]')?.getAttribute('value'), 'repriced');
    const recorded = await ana().json('post', '/api/alerts/rules', { name: 'B', ...DAY, cost: undefined });
    assert.deepEqual([recorded.body.cost, recorded.body.unpriced], ['recorded', null]);
    const wrong = await ana().json('post', '/api/alerts/rules', { name: 'C', ...DAY, measure: 'requests' });
    assert.equal(wrong.status, 400);
    assert.match(JSON.stringify(wrong.body), /requests and tokens are the same by the price list/);
  });
});
