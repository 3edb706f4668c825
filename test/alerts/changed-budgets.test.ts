import assert from 'node:assert/strict';
import { periodBefore, periodOf } from '../../src/units/calendar-period.ts';
import { addDays, addTime, dayOf, MINUTE, now, startOfDay } from '../../src/units/time.ts';
import { type AlertJson, evaluateAt, financeChannel, LISBON, madeAt, resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines } from '../support/audit.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const BUDGET = { name: 'All', amount: 50, per: 'month', filter: '' };

describe('rules about a budget that is changed', () => {
  let ana: Client;
  const today = dayOf(now(), LISBON);
  const past = periodBefore(periodOf(today, 'month'), 'month');
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
  after(async () => {
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    await resetAlerts();
    await resetUsage();
  });

  const alerts = async (): Promise<(AlertJson & { id: string; history: { kind: string; note: string }[] })[]> => {
    const { body } = await ana.json('get', '/api/alerts');
    const ids: string[] = body.alerts.map(({ id }: { id: string }) => id);
    return Promise.all(ids.map(async (id) => (await ana.json('get', `/api/alerts/${id}`)).body));
  };
  const change = async (id: string, body: object) => {
    const answer = await ana.json('put', `/api/budgets/${id}`, { ...BUDGET, ...body });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };
  /** A budget that is used to 90%, and a rule that fires at 80% and tells somebody; resolves with the budget's id. */
  const firing = async (): Promise<string> => {
    const { id } = (await ana.json('post', '/api/budgets', BUDGET)).body;
    const channels = [await financeChannel(ana)];
    await madeAt(ana, { type: 'budget', budget: id, percents: [80, 100], channels }, addTime(now(), -3n * MINUTE));
    await insertUsage([{ cost: 45_000_000, at: addTime(now(), -1n), model: 'gpt-5' }]);
    await evaluateAt(now());
    const [alert, ...others] = await alerts();
    assert.deepEqual([alert?.state, alert?.value, others.length], ['firing', 0.9, 0]);
    return id;
  };
  const told = async () =>
    (await databases().backoffice('deliveries').orderBy('made_at').pluck('message')) as {
      subject: string;
      paragraphs: string[];
    }[];

  for (const [what, body] of Object.entries({
    amount: { amount: 100 },
    'calls that it is for': { filter: 'model=gpt-4' },
    period: { per: 'quarter', amount: 500 },
  })) {
    it(`begin anew with another ${what}: an alert ends and says why, and its page says of no number that it has changed`, async () => {
      const id = await firing();
      await change(id, body);
      await evaluateAt(addTime(now(), MINUTE));
      const [alert, ...others] = await alerts();
      assert.deepEqual([alert?.state, others.length], ['resolved', 0]);
      assert.deepEqual(
        alert?.history.map(({ kind, note }) => [kind, note]),
        [
          ['fired', ''],
          ['ended', 'Its budget was changed.'],
        ],
      );
      const [, ended, ...more] = await told();
      assert.match(ended?.subject ?? '', /^Over: A rule/);
      assert.equal(ended?.paragraphs[0], 'Its budget was changed.');
      assert.equal(more.length, 0);
      assert.match((await auditLines()).at(-1)?.details ?? '', /; 1 rule begins anew$/);
      assert.equal((await openPage(ana, `/alerts/${alert?.id}`)).querySelector('.changed'), null);
    });
  }

  it('tell of no past period that was measured against another amount', async () => {
    const { id } = (await ana.json('post', '/api/budgets', BUDGET)).body;
    await insertUsage([{ cost: 45_000_000, at: startOfDay(past.first, LISBON) }]);
    await madeAt(ana, { type: 'budget', budget: id, percents: [100] }, startOfDay(past.first, LISBON));
    await evaluateAt(now());
    await change(id, { amount: 40, from: past.first });
    await evaluateAt(addTime(now(), MINUTE));
    assert.deepEqual(await alerts(), []);
  });

  it('go on with another name, with another amount of days to come, and with one that is the same', async () => {
    const id = await firing();
    await change(id, { name: 'Everything' });
    await change(id, { amount: 60, from: addDays(today, 1) });
    await change(id, { from: past.first });
    await evaluateAt(addTime(now(), MINUTE));
    assert.deepEqual(
      (await alerts()).map(({ state }) => state),
      ['firing'],
    );
    assert.equal((await told()).length, 1);
  });
});
