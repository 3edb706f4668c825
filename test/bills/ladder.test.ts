import assert from 'node:assert/strict';
import { parse as parseCsv } from 'csv-parse/sync';
import { RUNGS } from '../../src/bills/ladder/ladder.ts';
import { billedName, itemModels } from '../../src/stats/bills/item-models.ts';
import { instantFromMilliseconds } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { enterLine, enterRate, micro, openLadder, rungsIn } from '../support/bills.ts';
import { type Client, signedIn } from '../support/client.ts';
import { download } from '../support/export.ts';
import { type Charge, problemsOf } from '../support/focus.ts';
import { columnOf, openPage, tableOf, textOf, totalOf } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

const at = (text: string) => instantFromMilliseconds(Date.parse(text));
const PATH = '/bills/OpenAI?month=2026-10';

describe('the ladder of a bill', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  beforeEach(resetUsage);
  after(resetUsage);

  /** One of each: what was recorded wrongly, at the edge, without a price, without a line, and lines of all kinds. */
  async function fill(): Promise<void> {
    await enterRate('2026-01-01', 1.25);
    await enterPrice(ana, {
      ...{ model: 'gpt-5', from: '2026-01-01', currency: 'USD', inputPerMillion: 1, outputPerMillion: 10 },
    });
    await insertUsage([
      { model: 'gpt-5-2025-08-07', at: at('2026-10-10T12:00Z'), input: 1_000_000, output: 0, cost: 1_000_000 },
      { model: 'gpt-5', at: at('2026-09-30T23:30Z'), input: 1, output: 0, cost: 5_000 },
      { model: 'gpt-image-1', at: at('2026-10-11T12:00Z'), cost: 30_000 },
      { model: 'gemini-2.5-pro', at: at('2026-10-11T12:00Z'), cost: 7 },
    ]);
    const lines: Record<string, string>[] = [
      { day: '2026-10-10', item: 'gpt-5, input', amount: '0.5' },
      { day: '2026-10-10', item: 'gpt-5-2025-08-07, cached input', amount: '0.05', kind: 'cached', quantity: '500000' },
      { day: '2026-10-12', item: 'gpt-4o, output', amount: '2' },
      { day: '2026-10', item: 'VAT', amount: '0.1', kind: 'tax', currency: 'EUR' },
      { day: '2026-10-31', item: 'Grant', amount: '-0.25', kind: 'credit' },
      { day: '2026-10-12', item: 'Web search', amount: '0.01', kind: 'other' },
    ];
    for (const line of lines) await enterLine(ana, line);
  }

  it('leads from what was recorded to what was billed, and each step is what it says', async () => {
    await fill();
    for (const covered of [false, true]) {
      if (covered) await coverUsage();
      const found = await openLadder(ana);
      assert.deepEqual(rungsIn(found), {
        ...{ recorded: 1_035_000, monthEdges: -5_000, priceList: -80_000, exchangeRate: -120_000 },
        ...{ discounts: -360_000, billedNotRecorded: 1_600_000, recordedNotBilled: -30_000 },
        ...{ taxesAndCredits: -100_000, rest: 8_000 },
      });
      assert.equal(found.billed, 1.948);
      const about = Object.fromEntries(found.rungs.map(({ rung, about }) => [rung, about]));
      assert.match(
        about.priceList ?? '',
        /Not told of 1 call \(€0\.03\): no price, so they stay as recorded: gpt-image-1\./,
      );
      assert.doesNotMatch(about.discounts ?? '', /Not told/);
      assert.deepEqual(
        found.models.map(({ model, rest }) => [model, micro(rest as number)]).sort(),
        [
          ['gpt-4o', 0],
          ['gpt-5', 0],
          ['gpt-image-1', 0],
          [null, 8_000],
        ].sort(),
      );
    }
  });

  it('is a page whose steps, models and days add up, with what leads to the rows; and files of the same', async () => {
    await fill();
    const page = await openPage(ana, PATH);
    const table = tableOf(page, 'From recorded to billed');
    const amounts = columnOf(table, 'Amount').map(({ micro }) => micro ?? 0);
    assert.equal(columnOf(table, 'So far').at(-1)?.text, '€1.948');
    assert.equal(
      amounts.slice(0, -1).reduce((a, b) => a + b),
      amounts.at(-1),
    );
    for (const caption of ['By model', 'By day']) {
      const by = tableOf(page, caption);
      assert.equal(totalOf(by, 'Billed').micro, 1_948_000);
      assert.equal(
        columnOf(by, 'Billed').reduce((sum, { micro }) => sum + (micro ?? 0), 0),
        1_948_000,
      );
    }
    const links = page.querySelectorAll('#usage table a').map((a) => a.getAttribute('href') ?? '');
    for (const href of links.filter((href) => href.startsWith('/')))
      assert.equal((await ana.get(href.replaceAll('&amp;', '&'))).status, 200, href);
    for (const href of links.filter((href) => href.startsWith('#')))
      assert.ok(page.querySelector(`#usage ${href}`), href);
    const csv = (await download(origin, ana, '/bills/OpenAI.csv?month=2026-10&table=ladder')).text;
    const rows = parseCsv(csv, { columns: true, bom: true }) as Record<string, string>[];
    assert.deepEqual(
      rows.map((row) => [row['Rung id'], row['Amount (€)']]),
      [...RUNGS, 'billed'].map((rung, i) => [rung, ((amounts[i] ?? 0) / 1_000_000).toFixed(6)]),
    );
    const list = tableOf(await openPage(ana, '/bills'), 'Recorded and billed');
    const october = list.rows.find(([month, provider]) => month?.text === 'Oct 2026' && provider?.text === 'OpenAI');
    assert.deepEqual(
      october?.map(({ text }) => text),
      ['Oct 2026', 'OpenAI', '€1.04', '€1.95', '+€0.913', '+88.2%', '6'],
    );
    assert.equal(list.rows.length, 1);
    const without = tableOf(await openPage(ana, '/bills'), 'Without a bill');
    assert.deepEqual(
      without.rows.map((row) => row.map(({ text }) => text)),
      [['Oct 2026', 'Google', '€0.000007']],
    );
  });

  it('has its first fifty lines on the page, and says where all are', async () => {
    await enterRate('2026-01-01', 1.25);
    for (let line = 0; line < 52; line++)
      await enterLine(ana, { day: '2026-10-10', item: `gpt-5, input ${line}`, amount: '0.01' });
    const page = await openPage(ana, PATH);
    assert.equal(tableOf(page, 'Lines of the bill').rows.length, 50);
    assert.match(page.querySelector('#usage')?.text ?? '', /The first 50 of 52; all are in the file\./);
    const { text } = await download(origin, ana, '/bills/OpenAI.csv?month=2026-10&table=lines');
    assert.equal(parseCsv(text, { columns: true, bom: true }).length, 52);
  });

  it('is a file of FOCUS 1.2: a charge for each line that counts, in the currency that it was billed in', async () => {
    await fill();
    await enterLine(ana, {
      day: '2026-10-12',
      item: 'gpt-5, output',
      amount: '3',
      project: 'proj_a',
      quantity: '300000',
    });
    await enterLine(ana, {
      day: '2026-10-12',
      item: 'gpt-5, output',
      amount: '2.5',
      project: 'proj_a',
      quantity: '250000',
    });
    const { text, status } = await ana.get(`${PATH.replace('?', '.csv?')}&table=focus`);
    assert.equal(status, 200);
    const charges: Charge[] = parseCsv(text, { columns: true, bom: true });
    assert.deepEqual(problemsOf(charges), []);
    const lines: Record<string, string>[] = parseCsv(
      (await ana.get(`${PATH.replace('?', '.csv?')}&table=lines`)).text,
      { columns: true, bom: true },
    );
    const counted = lines.filter((line) => line.Counts === 'true');
    assert.equal(counted.length, lines.length - 1, 'the corrected one is left out');
    const of = (rows: Record<string, string>[], names: string[]) => rows.map((row) => names.map((name) => row[name]));
    assert.deepEqual(
      of(charges, ['ChargeDescription', 'BilledCost', 'BillingCurrency', 'x_Kind', 'SubAccountId']),
      of(counted, ['Line item', 'In its currency', 'Currency', 'Charge', 'Project']),
    );
    const found = charges.find(({ SubAccountId }) => SubAccountId === 'proj_a');
    assert.deepEqual(
      of(
        [found ?? {}],
        ['BilledCost', 'ConsumedQuantity', 'ConsumedUnit', 'ChargePeriodStart', 'ChargePeriodEnd', 'x_BilledEuros'],
      ),
      [['2.5', '250000', 'Tokens', '2026-10-12T00:00:00Z', '2026-10-13T00:00:00Z', '2']],
    );
    const categories = new Map(charges.map(({ x_Kind, ChargeCategory }) => [x_Kind, ChargeCategory]));
    assert.deepEqual(
      [categories.get('tax'), categories.get('credit'), categories.get('usage')],
      ['Tax', 'Credit', 'Usage'],
    );
    const wrong = charges.map((charge) => ({ ...charge, ConsumedQuantity: '', ChargePeriodEnd: '' }));
    assert.ok(problemsOf(wrong).length >= charges.length, 'its test would find it wrong');
  });

  it('says what cannot be told, and why: no bill, no rate, no tokens, no model', async () => {
    await insertUsage([{ model: 'gpt-5', at: at('2026-10-10T12:00Z'), input: 1_000_000, output: 0, cost: 1_000_000 }]);
    await enterPrice(ana, {
      ...{ model: 'gpt-5', from: '2026-01-01', currency: 'USD', inputPerMillion: 1, outputPerMillion: 10 },
    });
    assert.match(textOf(await openPage(ana, PATH)), /There is no bill of this month/);
    const none = await openLadder(ana);
    assert.deepEqual([none.billed, rungsIn(none).rest, rungsIn(none).priceList], [null, -920_000, -80_000]);
    assert.match(none.rungs[3]?.about ?? '', /Not told of 1 call \(€0\.92\): no exchange rate of their day/);
    await enterLine(ana, { day: '2026-10', item: 'Invoice 17', amount: '3', currency: 'EUR' });
    assert.equal(rungsIn(await openLadder(ana)).recordedNotBilled, 0, 'a line of no model may be of any call');
    await enterLine(ana, {
      day: '2026-10-10',
      item: 'gpt-5, cached input',
      amount: '1',
      kind: 'cached',
      currency: 'EUR',
    });
    const lump = await openLadder(ana);
    assert.equal(rungsIn(lump).rest, 3_000_000 + 1_000_000 - 920_000);
    const about = Object.fromEntries(lump.rungs.map(({ rung, about }) => [rung, about]));
    assert.match(about.discounts ?? '', /Not told of 1 line \(€1\.00\): no tokens, or no price/);
    assert.match(about.recordedNotBilled ?? '', /Not told of 1 line \(€3\.00\): no model that we know/);
  });

  it('is refused for what is no provider or no month', async () => {
    assert.equal((await ana.get('/bills/Nobody')).status, 404);
    assert.equal((await ana.get('/api/bills/Nobody')).status, 404);
    assert.equal((await ana.get('/bills/OpenAI?month=2026-13')).status, 400);
    assert.equal((await ana.get('/bills/OpenAI.csv?month=october')).status, 400);
  });

  it('knows the model of a line by its name or by its words, and no other maker’s', () => {
    const modelOf = itemModels('Google', ['gemini-2.5-flash', 'gemini-2.5-flash-image', 'gpt-5']);
    assert.equal(modelOf('gemini-2.5-pro-2025-06-17, input'), 'gemini-2.5-pro');
    assert.equal(modelOf('Generate content output token count Gemini 2.5 Flash short output text'), 'gemini-2.5-flash');
    assert.equal(modelOf('Gemini 2.5 Flash Image, output'), 'gemini-2.5-flash-image');
    assert.equal(modelOf('gpt-5, input'), null);
    assert.equal(modelOf('gemini-3-pro batch, input'), 'gemini-3-pro');
    assert.equal(modelOf('Gemini API'), null);
    assert.equal(modelOf('Cloud Storage'), null);
    assert.equal(billedName('Claude-Sonnet-4-5@20250929'), 'claude-sonnet-4-5');
  });
});
