import assert from 'node:assert/strict';
import { findingId } from '../../src/findings/finding.ts';
import { instantFromMilliseconds } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { enterLine, enterRate, micro } from '../support/bills.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { readFindings } from '../support/findings.ts';
import { openPage, tableOf, textOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

/** Of summer, so that midnight of Lisbon is another one than that of UTC. */
const JULY = `${new Date().getUTCFullYear() - 1}-07`;
const at = (text: string) => instantFromMilliseconds(Date.parse(`${JULY}-${text}`));

describe('findings: billed, not recorded', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(resetUsage);
  after(resetUsage);

  const found = async () => {
    const { findings } = await readFindings(ana);
    return findings.filter(({ kind }) => kind === 'billed-not-recorded');
  };
  const figures = async () =>
    (await found()).map(({ subject, count, euros, since }) => [subject, count, euros, since.slice(8)]);
  const lines = async (entered: Record<string, string>[]) => {
    for (const { day = '', ...line } of entered) await enterLine(ana, { day: day && `${JULY}-${day}`, ...line });
  };

  it('names models that were billed on days without a call of theirs, as the ladder counts them', async () => {
    await enterRate(`${JULY}-01`, 1.25);
    await insertUsage([
      { model: 'gpt-5-2025-08-07', at: at('10T12:00Z'), cost: 5 },
      // The eleventh in Lisbon, and the tenth of UTC.
      { model: 'gpt-4o', at: at('10T23:30Z'), cost: 5 },
      { model: 'claude-sonnet-4-5', at: at('20T12:00Z'), cost: 5 },
    ]);
    await lines([
      { day: '10', item: 'gpt-5, input', amount: '1' },
      { day: '12', item: 'gpt-5, input', amount: '2' },
      { day: '12', item: 'gpt-5, input', amount: '1' },
      { day: '12', item: 'gpt-5, cached input', amount: '0.5', kind: 'cached' },
      { day: '13', item: 'gpt-5 batch, output', amount: '0.25', kind: 'batch' },
      { day: '10', item: 'gpt-4o, output', amount: '4' },
      { day: '09', item: 'gpt-4o, output', amount: '0.125' },
      { day: '14', item: 'o3, output', amount: '0' },
      { day: '14', item: 'VAT of gpt-5', amount: '3', kind: 'tax' },
      { day: '14', item: 'gpt-5, input', amount: '-3', kind: 'credit' },
      { day: '14', item: 'All models', amount: '7' },
      { day: '20', item: 'claude-sonnet-4-5, output', amount: '9', provider: 'Anthropic' },
    ]);
    // A line of a whole month, on a day of which there are calls.
    await enterLine(ana, { day: JULY, item: 'gpt-5 of the month', amount: '1' });
    for (const covered of [false, true]) {
      if (covered) await coverUsage();
      assert.deepEqual(await figures(), [
        ['gpt-5', 2, 1.4, '12'],
        ['gpt-4o', 1, 0.1, '09'],
      ]);
    }
    const ladder = await ana.json('get', `/api/bills/OpenAI?month=${JULY}`);
    const rungs: { rung: string; amount: number }[] = ladder.body.rungs;
    assert.equal(micro(rungs.find(({ rung }) => rung === 'billedNotRecorded')?.amount ?? 0), 1_500_000);
  });

  it('says which bills they are on, is explained, and is back when more is billed', async () => {
    await enterRate(`${JULY}-01`, 1);
    await lines([{ day: '12', item: 'gpt-5, input', amount: '2' }]);
    const page = await openPage(ana, '/findings');
    const [row] = tableOf(page, 'Billed, not recorded').rows;
    assert.equal(row?.[2]?.micro, 2_000_000);
    assert.match(textOf(page.querySelector('#billed-not-recorded')), /OpenAI bills €2.00 on 1 day of which no call is/);
    const id = findingId('billed-not-recorded', JSON.stringify(['OpenAI', 'gpt-5']));
    const finding = await openPage(ana, `/findings/${id}`);
    const bill = finding.querySelector(`a[href="/bills/OpenAI?month=${JULY}"]`);
    assert.match(textOf(bill), /^bill of OpenAI, July/);
    await openPage(ana, finding.querySelector('.ways-out a')?.getAttribute('href') ?? '');
    assert.equal((await ana.submit(`/findings/${id}/explain`, { text: 'Tests of before' })).status, 303);
    assert.deepEqual(
      (await found()).map(({ isExplained }) => isExplained),
      [true],
    );
    await lines([{ day: '13', item: 'gpt-5, input', amount: '2' }]);
    assert.deepEqual(
      (await found()).map(({ isExplained, count }) => [isExplained, count]),
      [[false, 2]],
    );
  });

  it('tells tokens that cost nothing, and what has no exchange rate, without making it nothing', async () => {
    await enterRate(`${JULY}-01`, 1.25);
    await lines([
      { day: '12', item: 'gpt-5, input', amount: '0', quantity: '1000', currency: 'EUR' },
      { day: '12', item: 'gpt-4o, input', amount: '2' },
    ]);
    await databases().backoffice('exchange_rates').delete();
    assert.deepEqual(await figures(), [
      ['gpt-4o', 1, null, '12'],
      ['gpt-5', 1, 0, '12'],
    ]);
    const [without] = await found();
    assert.equal(
      without?.sentence,
      'OpenAI bills calls on 1 day of which no call is recorded, beside lines without an exchange rate.',
    );
  });
});
