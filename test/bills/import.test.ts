import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { addDays, dayOf, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { enterLine } from '../support/bills.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { columnOf, openPage, tableOf, textOf } from '../support/page.ts';
import { upload } from '../support/upload.ts';
import { resetUsage } from '../support/usage.ts';

const HEAD = 'date,line_item,amount,currency,project,tokens';
const OCTOBER = '/bills/OpenAI?month=2026-10';

describe('bills by hand and from a file', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await forgetAudit();
    await databases()
      .backoffice('exchange_rates')
      .insert({ day: '2026-10-01', currency: 'USD', per_euro: 1.25, imported_by: 'test' });
  });
  after(resetUsage);

  /** As a browser sends the form. */
  const send = (text: string, fields: Record<string, string> = {}) => {
    const body = new FormData();
    body.set('file', new Blob([]), '');
    const all = { provider: 'OpenAI', text, step: 'import', ...fields };
    for (const [name, value] of Object.entries(all)) body.set(name, value);
    return upload(ana, `${origin}/bills/import`, body);
  };
  const lines = () =>
    databases()
      .backoffice('bill_lines')
      .orderBy('id')
      .select<Record<string, string>[]>(
        'first_day',
        'last_day',
        'item',
        'project',
        'kind',
        'quantity',
        'amount',
        'currency',
      );
  const shown = async (address = OCTOBER) => {
    const table = tableOf(await openPage(ana, address), 'Lines of the bill');
    return columnOf(table, 'Line item').map(({ text }, i) => [
      ...[text, columnOf(table, 'In its currency')[i]?.text, columnOf(table, 'Billed')[i]?.text],
      columnOf(table, 'First day')[i]?.flag ?? '',
    ]);
  };

  it('are looked at before they are kept, with their columns guessed, and then kept, once', async () => {
    const text = `${HEAD}\n2026-10-30,"gpt-5, input",12.5,usd,proj_a,1000000\n2026-10-30,"gpt-5, cached input",0.0612345678901234,usd,proj_a,\n2026-10,VAT,3,EUR,,\n`;
    const look = await send(text, { step: 'preview' });
    assert.equal(look.status, 200);
    assert.match(textOf(look.page), /Not saved yet 3 lines are new: €3\.00 and \$12\.561234568 in all\./);
    assert.deepEqual(await lines(), []);
    const chosen = Object.fromEntries(
      look.page
        .querySelectorAll('select')
        .map((one) => [one.getAttribute('name'), one.querySelector('[selected]')?.getAttribute('value')]),
    );
    assert.deepEqual(chosen, {
      ...{ provider: 'OpenAI', day: 'date', item: 'line_item', amount: 'amount', currency: 'currency' },
      ...{ project: 'project', quantity: 'tokens', kind: '', allIn: '' },
    });
    assert.equal((await send(text)).said, '3 lines were added. See all bills');
    assert.deepEqual(
      (await lines()).map((line) => Object.values(line)),
      [
        ['2026-10-30', '2026-10-30', 'gpt-5, input', 'proj_a', 'usage', '1000000', '12.5', 'USD'],
        ['2026-10-30', '2026-10-30', 'gpt-5, cached input', 'proj_a', 'cached', null, '0.0612345678901234', 'USD'],
        ['2026-10-01', '2026-10-31', 'VAT', '', 'tax', null, '3', 'EUR'],
      ],
    );
    assert.equal((await send(text)).said, '0 lines were added, 3 were there already. See all bills');
    assert.equal((await lines()).length, 3);
    assert.deepEqual(
      (await auditLines()).map(({ action, details, subject, rows }) => [action, details, subject, Number(rows)]),
      [
        ['import bill', 'OpenAI: 3 lines added, 0 corrected, 0 no more, 0 there already; pasted', OCTOBER, 3],
        ['import bill', 'OpenAI: 0 lines added, 0 corrected, 0 no more, 3 there already; pasted', OCTOBER, 0],
      ],
    );
    assert.match(textOf(await openPage(ana, '/audit')), /Imported a bill/);
  });

  it('are corrected by a newer line: it counts, and the first stays beside it', async () => {
    await send(`${HEAD}\n2026-10-30,gpt-5,12.5,USD,,\n2026-10-30,gpt-4o,1,USD,,\n`);
    const again = await send(`${HEAD}\n2026-10-30,gpt-5,10.00,USD,,\n`, { isComplete: 'true' });
    assert.equal(again.said, '0 lines were added, 1 was corrected, 1 counts no more. See all bills');
    assert.deepEqual(await shown(), [
      ['gpt-4o', '$0.00', '€0.00', ''],
      ['gpt-4o', '$1.00', '€0.80', 'corrected'],
      ['gpt-5', '$10.00', '€8.00', ''],
      ['gpt-5', '$12.50', '€10.00', 'corrected'],
    ]);
    const billed = async () =>
      columnOf(tableOf(await openPage(ana, '/bills'), 'Recorded and billed'), 'Billed')[0]?.text;
    assert.equal(await billed(), '€8.00');
    await enterLine(ana, { day: '2026-10-30', item: 'gpt-5', amount: '7.5' });
    assert.equal(await billed(), '€6.00');
    assert.equal((await lines()).length, 5);
    await assert.rejects(
      databases().backoffice('bill_lines').update({ amount: 1 }),
      /what was billed is never changed/,
    );
  });

  it('of which a line is wrong are not kept at all, and each wrong line is named with its field and reason', async () => {
    await send(`${HEAD}\n2026-10-05,month,1,USD,,\n`);
    const tomorrow = addDays(dayOf(now(), 'UTC'), 1);
    const text = [
      HEAD,
      '2026-10-30,good,12.5,USD,,',
      '2026-10-30,gpt-5,-1,USD,,',
      '2026-10-30,=1+1,1,USD,,',
      '30/10/2026,gpt-5,=1+1,GBP,,many',
      `${tomorrow},gpt-5,1,USD,,`,
      '2026-10-30,gpt-5,1',
      '2026-10-30,refund of a day,-1.5,USD,,',
    ];
    const { status, problems } = await send(text.join('\n'));
    assert.equal(status, 400);
    assert.deepEqual(problems, [
      'Line 3, amount takes an amount from 0: only what is of kind credit is less',
      'Line 4, item begins as a formula does',
      'Line 5, day takes a day (2026-10-31), an instant of UTC (2026-10-31T00:00:00Z) or a month (2026-10)',
      'Line 5, currency takes EUR or USD',
      'Line 5, quantity takes a number from 0, or nothing',
      'Line 5, amount is a formula, and takes a number',
      'Line 6, day is a day to come',
      'Line 7 has 3 cells, and the first line has 6',
    ]);
    const rate = await send(`${HEAD}\n2026-09-30,gpt-5,1,USD,,\n2026-09-30,gpt-5,1,EUR,x,\n`);
    assert.deepEqual(rate.problems, [
      'Line 2, currency is USD, and there is no exchange rate of 2026-09-30 or of any day before: import it on /rates first',
    ]);
    const twice = await send(`${HEAD}\n2026-10,gpt-5,1,USD,,\n2026-10-30,gpt-5,1,USD,,\n2026-10,month,1,USD,,\n`);
    assert.deepEqual(twice.problems, [
      'Line 3, day lies in 2026-10-01 – 2026-10-31, of which Line 2 bills the same',
      'Line 4, day lies in 2026-10-05 – 2026-10-05, of which a line that is there already bills the same',
    ]);
    const columns = await send('when,what,how much\n2026-10-30,gpt-5,1\n');
    assert.deepEqual(columns.problems, [
      'Line 1 has no column of Day: say which it is; it has when, what, how much',
      'Line 1 has no column of Model or line item: say which it is; it has when, what, how much',
      'Line 1 has no column of Amount: say which it is; it has when, what, how much',
      'Line 1 has no column of currency: say what all amounts are in',
    ]);
    const many = await send(`${HEAD}\n${'2026-10-30,x,1,USD,,\n'.repeat(20_001)}`);
    assert.deepEqual(many.problems, ['The file has more than 20000 lines']);
    assert.deepEqual((await send('  ')).problems, ['The file is missing or empty: choose one, or paste its lines']);
    assert.deepEqual((await send(HEAD, { provider: 'Nobody' })).problems, ['Provider takes one of the list']);
    assert.equal((await lines()).length, 1);
  });

  it('have columns that are said once and kept for the next time', async () => {
    const text = 'when;what;how much\n2026-10-30;gpt-5;12,50\n';
    const said = { day: 'when', item: 'what', amount: 'how much', allIn: 'USD' };
    assert.deepEqual((await send(text, said)).problems, []);
    assert.equal((await lines())[0]?.amount, '12.5');
    assert.equal((await send(text)).said, '0 lines were added, 1 was there already. See all bills');
    assert.notDeepEqual((await send(text, { provider: 'Google' })).problems, [], 'of another provider nothing is kept');
    const both = await send(text, { ...said, item: 'when' });
    assert.match(both.problems.join(), /“when” cannot be both Day and Model or line item/);
  });

  it('come as Google exports them, and what is billed by further things is added up', async () => {
    const text = [
      'usage_start_time,sku.description,cost,currency,project.id,usage.amount,cost_type',
      '2026-10-30 08:00:00 UTC,Gemini 2.5 Flash input,0.1,EUR,mythoria,10,regular',
      '2026-10-30 09:00:00 UTC,Gemini 2.5 Flash input,0.2,EUR,mythoria,20,regular',
      '2026-10-31 09:00:00 UTC,Tax,0.07,EUR,,,tax',
      '2026-10-31 09:00:00 UTC,Gemini 2.5 Flash input,-0.05,EUR,mythoria,,adjustment',
    ].join('\n');
    const { problems } = await send(text, { provider: 'Google' });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      (await lines()).map(({ first_day, item, kind, quantity, amount }) => [first_day, item, kind, quantity, amount]),
      [
        ['2026-10-30', 'Gemini 2.5 Flash input', 'usage', '30', '0.3'],
        ['2026-10-31', 'Tax', 'tax', null, '0.07'],
        ['2026-10-31', 'Gemini 2.5 Flash input', 'credit', null, '-0.05'],
      ],
    );
  });

  it('are entered line by line, and a form that is wrong says what of it', async () => {
    const fields = {
      provider: 'OpenAI',
      day: '2026-10-31',
      item: 'gpt-5',
      amount: '-1',
      currency: 'USD',
      kind: 'usage',
    };
    const wrong = await ana.submit('/bills', fields);
    assert.equal(wrong.status, 400);
    const page = parse(wrong.text);
    assert.match(textOf(page.querySelector('#amount-problem')), /only what is of kind credit is less/);
    assert.equal(page.querySelector('[name=item]')?.getAttribute('value'), 'gpt-5');
    const credit = await ana.submit('/bills', { ...fields, kind: 'credit', amount: '1' });
    assert.match(textOf(parse(credit.text).querySelector('#amount-problem')), /a credit is what is given back/);
    const day = await ana.submit('/bills', { ...fields, amount: '1', day: '2026-02-30' });
    assert.match(textOf(parse(day.text).querySelector('#day-problem')), /takes a day \(2026-10-31\), or a month/);
    const right = await ana.submit('/bills', { ...fields, kind: 'credit', amount: '-1.00' });
    assert.deepEqual([right.status, right.headers.location], [303, OCTOBER]);
    assert.deepEqual(await shown(), [['gpt-5', '−$1.00', '−€0.80', '']]);
    assert.deepEqual(
      (await auditLines()).map(({ action, details }) => [action, details]),
      [['add bill line', 'OpenAI, 2026-10-31: gpt-5 (credit), USD -1']],
    );
  });
});
