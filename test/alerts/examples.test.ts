import assert from 'node:assert/strict';
import { makeExamples } from '../../src/alerts/examples.ts';
import { createFormat } from '../../src/units/format.ts';
import { addTime, DAY_OF_24_HOURS, now } from '../../src/units/time.ts';
import { evaluateAt, resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('the budgets and rules of a demo', () => {
  let ana: Client;
  const empty = async () => {
    await resetUsage();
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  };
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(empty);
  after(empty);

  const make = async () => {
    const { databases, reader, config } = await sharedApp();
    const format = createFormat(config.locale, config.timeZone);
    await makeExamples({ databases, reader, format, sending: { appUrl: config.appUrl, mail: null } }, now());
  };
  const made = async () => ({
    budgets: (await ana.json('get', '/api/budgets')).body.budgets as { id: string; name: string; amount: number }[],
    rules: (await ana.json('get', '/api/alerts/rules')).body.rules as { id: string; name: string; state: string }[],
  });
  const ago = (days: number) => addTime(now(), -BigInt(days) * DAY_OF_24_HOURS);

  it('take their amounts from its records, and find alerts in its past month', async () => {
    const usual = Array.from({ length: 80 }, (_, i) => ({ at: ago(i + 1), cost: 10_000_000, model: 'gpt-image-1' }));
    await insertUsage([...usual, { at: ago(5), cost: 90_000_000, model: 'gpt-5' }]);
    await make();
    const { budgets, rules } = await made();
    assert.deepEqual(
      budgets.map(({ name, amount }) => [name, amount]),
      [
        ['All calls', 400],
        ['All calls of a week', 80],
        ['Pictures', 80],
      ],
    );
    assert.equal(rules[0]?.name, 'A day over €20');
    assert.deepEqual(await evaluateAt(now()), { evaluated: 4, failed: 0 });
    const { alerts } = (await ana.json('get', '/api/alerts')).body;
    const found = new Set(alerts.map(({ type }: { type: string }) => type));
    assert.ok(found.has('threshold') && found.has('unusual') && found.has('budget'), [...found].join());
    assert.equal(Number((await databases().backoffice('deliveries').count('*').first())?.count), 0, 'nobody is told');
  });

  it('are made once: whoever deletes them keeps them deleted; and none without records', async () => {
    await make();
    assert.deepEqual(await made(), { budgets: [], rules: [] });
    await insertUsage([{ at: ago(1), cost: 1_000_000 }]);
    await make();
    const { budgets, rules } = await made();
    assert.deepEqual([budgets.length, rules.length], [2, 4]);
    await make();
    assert.equal((await made()).budgets.length, 2);
    for (const { id } of budgets) await ana.json('delete', `/api/budgets/${id}`);
    for (const { id } of rules) await ana.json('delete', `/api/alerts/rules/${id}`);
    await make();
    assert.deepEqual(await made(), { budgets: [], rules: [] });
  });
});
