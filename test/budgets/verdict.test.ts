import assert from 'node:assert/strict';
import { addDays, dayOf, now, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage, textOf } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const LISBON = 'Europe/Lisbon';

describe('the page of a budget says in a sentence how it stands', () => {
  let client: Client;
  const empty = () => databases().backoffice.raw('TRUNCATE budgets CASCADE');
  const today = dayOf(now(), LISBON);

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await empty();
    await insertUsage(
      Array.from({ length: 30 }, (_, ago) => ({ cost: 10_000_000, at: startOfDay(addDays(today, -ago), LISBON) })),
    );
  });
  after(async () => {
    await empty();
    await resetUsage();
  });

  /** With so much left of it; less, where that is below zero. */
  const verdictWith = async (left: number) => {
    const budget = { name: 'All calls', amount: 1, per: 'year', filter: '' };
    const { body } = await client.json('post', '/api/budgets', budget);
    const answer = await client.json('put', `/api/budgets/${body.id}`, { ...budget, amount: body.used + left });
    assert.equal(answer.body.left, left);
    return textOf((await openPage(client, `/budgets/${body.id}`)).querySelector('.panel .lead'));
  };

  it('is used up where nothing is left of it, and not where it runs out later today', async () => {
    // The rest of today costs more than this, as the same weekdays did, up to its last millisecond.
    assert.match(await verdictWith(0.000001), /^At this pace it runs out on .*, before the end of \d{4}\.$/);
    assert.match(await verdictWith(0), /^Used up on .*\.$/);
    assert.match(await verdictWith(-1), /^Over since .*: €1\.00 more than the budget\.$/);
  });
});
