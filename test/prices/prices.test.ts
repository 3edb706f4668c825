import assert from 'node:assert/strict';
import { addDays, dayOf, now, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { ANA, type Client, location, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { columnOf, openPage, tableOf, textOf } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const LISBON = 'Europe/Lisbon';
const GPT = { model: 'gpt-5', from: '2020-01-01', currency: 'USD', inputPerMillion: '1.25', outputPerMillion: '10' };

describe('the pages of prices', () => {
  let ana: Client;
  const today = dayOf(now(), LISBON);
  const ago = (days: number) => addDays(today, -days);
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const call = { action: 'story_outline', input: 1000, output: 200, cost: 0 };
    await insertUsage([
      ...[0, 3, 10, 100].map((days) => ({ ...call, model: 'gpt-5', at: startOfDay(ago(days), LISBON) })),
      { ...call, model: 'gpt-5-2025-08-07', at: startOfDay(ago(5), LISBON) },
      { ...call, model: 'imagen-4.0', action: 'image_edit', cost: 4000, at: startOfDay(ago(2), LISBON) },
      { ...call, model: 'imagen-4.0', action: 'image_generation', at: startOfDay(ago(1), LISBON) },
      { ...call, model: 'mystery <b>', at: startOfDay(ago(1), LISBON) },
    ]);
  });
  beforeEach(async () => {
    await databases().backoffice('prices').delete();
    await forgetAudit();
  });
  after(resetUsage);

  const made = (body: object) => enterPrice(ana, body);
  const unpriced = async () => {
    const page = await openPage(ana, '/prices');
    if (!page.querySelector('.unpriced')) return [];
    const table = tableOf(page, 'Models without a price');
    return table.rows.map(([model, , requests]) => [model?.text, requests?.text]);
  };

  it('are found by model and action, as people write them', async () => {
    await made(GPT);
    await made({ ...GPT, model: 'gpt-image-1', action: 'image_edit' });
    await made({ ...GPT, model: 'claude-sonnet-4-5' });
    const found = async (search: string) => {
      const page = await openPage(ana, `/prices?${new URLSearchParams({ search })}`);
      assert.equal(page.querySelector('input[name=search]')?.getAttribute('value'), search);
      if (!page.querySelector('#current')) return [];
      return columnOf(tableOf(page, 'What models cost now'), 'Model').map(({ text }) => text.split(' ')[0]);
    };
    assert.deepEqual(await found('GPT 5'), ['gpt-5']);
    assert.deepEqual(await found('image edit'), ['gpt-image-1']);
    assert.deepEqual(await found('sonnet 4.5'), ['claude-sonnet-4-5']);
    assert.deepEqual(await found('llama'), []);
    for (const [path, said] of [
      ['/prices?page=0', /takes a number from 1/],
      [`/prices?search=${'x'.repeat(201)}`, /takes at most 200 characters/],
    ] as const) {
      const answer = await ana.get(path);
      assert.equal(answer.status, 400, path);
      assert.match(answer.text, said);
    }
  });

  it('say first which models of the last 90 days have calls without a price, with a form that is filled', async () => {
    const page = await openPage(ana, '/prices');
    assert.match(textOf(page.querySelector('.unpriced .lead')), /^4 models have had calls in the last 90 days/);
    const table = tableOf(page, 'Models without a price');
    assert.deepEqual(
      table.rows.map(([model, , ...counts]) => [model, ...counts.slice(0, 3)].map((cell) => cell?.text)),
      [
        ['gpt-5', '3', '3,000', '600'],
        ['imagen-4.0', '2', '2,000', '400'],
        ['gpt-5-2025-08-07', '1', '1,000', '200'],
        ['mystery <b>', '1', '1,000', '200'],
      ],
    );
    const [add] = columnOf(table, 'Price');
    assert.equal(add?.href, `/prices/new?model=gpt-5&from=${ago(10)}&currency=USD`);
    const form = await openPage(ana, add?.href ?? '');
    assert.equal(form.querySelector('input[name=model]')?.getAttribute('value'), 'gpt-5');
    assert.equal(form.querySelector('input[name=from]')?.getAttribute('value'), ago(10));
    assert.equal(form.querySelector('option[selected][value=USD]')?.text, 'USD');
    const calls = columnOf(table, 'Model')[1]?.href ?? '';
    assert.match(textOf(await openPage(ana, calls)), /imagen-4\.0/);
  });

  it('know a price for a model by its name, without its date, by a pattern, from its day on and for its action', async () => {
    await made({ ...GPT, from: ago(3) });
    assert.deepEqual(await unpriced(), [
      ['imagen-4.0', '2'],
      ['gpt-5', '1'],
      ['gpt-5-2025-08-07', '1'],
      ['mystery <b>', '1'],
    ]);
    const cell = tableOf(await openPage(ana, '/prices'), 'Models without a price').rows[1]?.[0];
    assert.equal(cell?.text, 'gpt-5');
    assert.match(
      textOf((await openPage(ana, '/prices')).querySelector('.unpriced tbody')),
      /gpt-5 other calls of it have one/,
    );
    await made(GPT);
    assert.deepEqual(await unpriced(), [
      ['imagen-4.0', '2'],
      ['mystery <b>', '1'],
    ]);
    const image = { model: 'imagen-*0', from: '2020-01-01', currency: 'USD', perImage: 0.04 };
    await made({ ...image, action: 'image_edit' });
    assert.deepEqual(await unpriced(), [
      ['imagen-4.0', '1'],
      ['mystery <b>', '1'],
    ]);
    await made({ ...image, action: 'image_generation', model: '*gen*4*' });
    await made({ ...image, model: '*.1' });
    await made({ ...image, model: 'mystery' });
    assert.deepEqual(await unpriced(), [['mystery <b>', '1']]);
    const any = await made({ ...image, model: '*' });
    assert.deepEqual(await unpriced(), []);
    assert.match(textOf(await openPage(ana, '/prices')), /Every call of the last 90 days has a price/);
    await ana.json('delete', `/api/prices/${any}`);
    assert.deepEqual(await unpriced(), [['mystery <b>', '1']], 'not by one that was withdrawn');
  });

  it('add a price by a form, once however often it is sent; what is wrong is said beside its field and stays', async () => {
    const fields = { ...GPT, model: 'by-form' };
    const wrong = await ana.submit('/prices', { ...fields, inputPerMillion: '-1', source: 'openai.com' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /name="inputPerMillion"[^>]*value="-1" aria-invalid="true"/);
    assert.match(wrong.text, /value="openai.com"/);
    const sent = await Promise.all([ana.submit('/prices', fields), ana.submit('/prices', fields)]);
    assert.deepEqual(sent.map(location), [location(sent[0]), location(sent[0])]);
    assert.match(location(sent[0]), /^\/prices\/[-0-9a-f]{36}$/);
    const page = await openPage(ana, location(sent[0]));
    assert.equal(textOf(page.querySelector('h1')), 'by-form');
    assert.match(textOf(page.querySelector('.tiles')), /Input per million ?\$1\.25 ?Output per million ?\$10\.00/);
    const again = await ana.submit('/prices', { ...fields, inputPerMillion: '2' });
    assert.equal(again.status, 400);
    assert.match(again.text, /There is a price of by-form from 2020-01-01 already: USD 1\.25/);
    assert.deepEqual(
      (await auditLines()).map(({ action, email }) => [action, email]),
      [['add price', ANA]],
    );
  });

  it('show what each model costs now, what comes and how often it changed; the page of one has its history', async () => {
    await made(GPT);
    const current = await made({ ...GPT, from: ago(20), outputPerMillion: 9.5 });
    await made({ ...GPT, from: addDays(today, 20), outputPerMillion: 8 });
    await made({ ...GPT, aboveInputTokens: 200_000, cachedInputPerMillion: '0.000000001' });
    await made({ model: 'tts-1', from: addDays(today, 1), currency: 'EUR', perThousandCharacters: 0.015 });
    const page = await openPage(ana, '/prices');
    const table = tableOf(page, 'What models cost now');
    const rows = page.querySelectorAll('.prices tbody tr').map(textOf);
    assert.equal(rows.length, 3);
    const medium = (day: string) =>
      new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(day));
    assert.equal(
      rows[0],
      `gpt-5 retired from 11 Dec 2026 $1.25 $9.50 ${medium(ago(20))} another from ${medium(addDays(today, 20))}; 1 before it`,
    );
    assert.equal(
      rows[1],
      `gpt-5 above 200,000 input tokens; retired from 11 Dec 2026 $1.25 $0.000000001 $10.00 1 Jan 2020`,
    );
    assert.equal(rows[2], `tts-1 to come €0.015 ${medium(addDays(today, 1))}`);
    assert.ok(!table.head.includes('Per image'), 'a column without a price is left out');
    const href = columnOf(table, 'Model')[0]?.href ?? '';
    assert.equal(href, `/prices/${current}`);
    const history = tableOf(await openPage(ana, href), 'Every price it has had');
    assert.deepEqual(
      columnOf(history, 'Output per million').map(({ text }) => text),
      ['$8.00', '$9.50', '$10.00'],
    );
  });

  it('correct a price by withdrawing it for another, and withdraw one; both stay in its history and in the audit log', async () => {
    const id = await made(GPT);
    const kept = await databases().backoffice('prices').where({ id }).first();
    const fields = { ...GPT, inputPerMillion: '1.5', source: 'the bill' };
    const moved = location(await ana.submit(`/prices/${id}`, fields));
    assert.notEqual(moved, `/prices/${id}`);
    const late = await ana.submit(`/prices/${id}`, { ...fields, inputPerMillion: '3' });
    assert.equal(late.status, 400, 'its form was opened before');
    assert.match(late.text, /has been withdrawn already/);
    const before = await openPage(ana, `/prices/${id}`);
    assert.match(textOf(before.querySelector('.notice')), new RegExp(`^This price was withdrawn: .*${ANA}`));
    assert.equal(before.querySelector('form.sheet-form'), null);
    const { withdrawn_at, withdrawn_by, ...same } = await databases().backoffice('prices').where({ id }).first();
    assert.deepEqual({ ...same, withdrawn_at: null, withdrawn_by: null }, kept);
    const history = tableOf(await openPage(ana, moved), 'Every price it has had');
    assert.deepEqual(
      history.rows.map(([from, input]) => [from?.flag, input?.text]),
      [
        [null, '$1.50'],
        ['withdrawn', '$1.25'],
      ],
    );
    assert.equal(location(await ana.submit(`${moved}/withdraw`, {})), '/prices');
    assert.equal((await ana.submit(`${moved}/withdraw`, {})).status, 400, 'once');
    assert.deepEqual(
      (await auditLines()).map(({ action, subject, details }) => [action, subject, details]),
      [
        [
          'add price',
          `/prices/${id}`,
          'gpt-5 from 2020-01-01: USD 1.25 per million input tokens, 10 per million output tokens',
        ],
        [
          'correct price',
          moved,
          'gpt-5 from 2020-01-01: USD 1.5 per million input tokens, 10 per million output tokens; the bill; ' +
            'before: gpt-5 from 2020-01-01: USD 1.25 per million input tokens, 10 per million output tokens',
        ],
        [
          'withdraw price',
          moved,
          'gpt-5 from 2020-01-01: USD 1.5 per million input tokens, 10 per million output tokens; the bill',
        ],
      ],
    );
  });

  it('correct twenty at once without waiting for each other for ever', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) ids.push(await made({ ...GPT, model: `m${i}` }));
    const rui = await signedIn((await sharedApp()).origin, 'rui.costa@caravanconcierge.com');
    const answers = await Promise.all(
      ids.flatMap((id, i) =>
        [ana, rui].map((client) => client.submit(`/prices/${id}`, { ...GPT, model: `m${i}`, inputPerMillion: '2' })),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(10).fill(303), ...Array(10).fill(400)]);
  });
});
