import assert from 'node:assert/strict';
import { addDays, addTime, dayOf, HOUR, now, startOfDay } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { download, xlsxSheets } from '../../support/export.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { openPage, tableOf, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const COST = 'cost=repriced';

describe('pages and files by the costs of the price list (cost=repriced)', () => {
  let client: Client;
  let origin: string;
  const noPrices = () => databases().backoffice.raw('TRUNCATE prices, exchange_rates');
  const author = 'aaaaaaaa-0000-4000-8000-000000000001';
  const story = 'bbbbbbbb-0000-4000-8000-000000000001';
  const month = dayOf(now(), 'Europe/Lisbon').slice(0, 7);

  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    await noPrices();
    // An hour ago may be another month: all are of the first moments of today.
    const at = startOfDay(dayOf(now(), 'Europe/Lisbon'), 'Europe/Lisbon');
    await insertUsage([
      { author, story, model: 'gpt-5', action: 'chapter_writing', input: 1_000_000, output: 0, cost: 2_000_000, at },
      { author, model: 'gpt-4', action: 'test', input: 1_000_000, output: 0, cost: 4_000_000, at },
      { author, model: 'mystery-1', action: 'test', cost: 10_000, at },
      {
        ...{ author, model: 'gpt-5', action: 'test', input: 2_000_000, output: 0, cost: 3_000_000 },
        at: addTime(startOfDay(addDays(dayOf(now(), 'Europe/Lisbon'), -40), 'Europe/Lisbon'), HOUR),
      },
    ]);
    for (const [model, inputPerMillion] of [
      ['gpt-5', 1.25],
      ['gpt-4', 30],
    ] as const) {
      const price = { model, from: '2020-01-01', currency: 'EUR', inputPerMillion, outputPerMillion: 10 };
      assert.equal((await client.json('post', '/api/prices', price)).status, 201);
    }
  });
  after(async () => {
    await resetUsage();
    await noPrices();
  });

  const tile = async (path: string, name: string) => {
    const page = await openPage(client, path);
    const found = page.querySelectorAll('.tiles > *').find((one) => textOf(one.querySelector('dt')) === name);
    return textOf(found ?? null);
  };
  const costsOf = async (path: string, title: string) => {
    const { rows, head } = tableOf(await openPage(client, path), title);
    return rows.map((row) => [row[0]?.text.split(' ')[0], row[head.indexOf('Cost')]?.text]);
  };

  it('changes the cost of the overview, of its models and actions, and of what it is compared with', async () => {
    assert.match(await tile('/ai-usage', 'Total cost'), /€6\.01/);
    const page = await openPage(client, `/ai-usage?${COST}`);
    assert.match(await tile(`/ai-usage?${COST}`, 'Total cost'), /€31\.25/);
    assert.match(textOf(page.querySelector('.tie-out')), /€31\.250000 is the sum/);
    assert.match(page.querySelector('#usage')?.getAttribute('data-title') ?? '', /€31\.25/);
    assert.deepEqual(await costsOf(`/ai-usage?${COST}`, 'Models'), [
      ['gpt-4', '€30.00'],
      ['gpt-5', '€1.25'],
      ['mystery-1', '€0.00'],
    ]);
    assert.equal(page.querySelector('.tiles .change')?.getAttribute('title'), 'Before: €2.50');
  });

  it('has no budgets beside it, for those are of recorded costs', async () => {
    const budget = { name: 'All of a month', per: 'month', amount: '1.00', filter: '' };
    const made = await client.json('post', '/api/budgets', budget);
    assert.equal(made.status, 201, made.text);
    try {
      const said = async (query: string) => /All of a month/.test(textOf(await openPage(client, `/ai-usage${query}`)));
      assert.deepEqual([await said(''), await said(`?${COST}`)], [true, false]);
    } finally {
      await client.json('delete', `/api/budgets/${made.body.id}`, {});
    }
  });

  it('says whose costs they are, what they leave out, and leads back; every link keeps them', async () => {
    const page = await openPage(client, `/ai-usage?${COST}`);
    const line = page.querySelectorAll('p.window').find((one) => textOf(one).includes('Costs by the price list'));
    assert.equal(line?.querySelector('b')?.text, 'Costs by the price list');
    assert.equal(
      line
        ?.querySelectorAll('a')
        .find((one) => textOf(one) === 'show recorded costs')
        ?.getAttribute('href'),
      '/ai-usage',
    );
    assert.match(textOf(page), /Left out of these costs, for the price list has no price: 1 call of mystery-1\./);
    assert.doesNotMatch(textOf(page), /no number/);
    const links = page.querySelectorAll('.filter-bar a, table a').map((one) => one.getAttribute('href') ?? '');
    assert.ok(links.length > 10);
    assert.deepEqual(
      links.filter((href) => href.startsWith('/ai-usage') && !href.includes(COST)),
      [],
    );
  });

  it('holds for models, actions and providers by themselves', async () => {
    for (const path of ['/ai-usage/models/gpt-4', '/ai-usage/actions/test'])
      assert.match(await tile(`${path}?${COST}`, 'Total cost'), /€30\.00/, path);
    assert.deepEqual(
      (await costsOf(`/ai-usage/providers?${COST}`, 'Providers')).map(([, cost]) => cost),
      ['€31.25', '€0.00'],
    );
  });

  it('holds for an author as a whole, and for the hours of the week', async () => {
    assert.match(await tile(`/ai-usage/authors/${author}?${COST}`, 'Total cost'), /€31\.25/);
    const panel = (await openPage(client, `/ai-usage?${COST}&breakdown=hour`)).querySelector('.beside');
    assert.doesNotMatch(textOf(panel), /recorded/);
    const { rows, head } = tableOf(await openPage(client, `/ai-usage?${COST}&breakdown=hour`), 'Hours of the week');
    assert.equal(rows.find((row) => row[head.length - 1]?.text === '€31.25')?.[1]?.text, '31');
  });

  it('holds for Explore, its file and JSON, and for the hours of the day', async () => {
    const page = await openPage(client, `/ai-usage/explore?${COST}&rows=model&columns=action`);
    const table = tableOf(page, 'Cost by model and action');
    assert.deepEqual(
      table.rows.map((row) => row.slice(0, 2).map(({ text }) => text)),
      [
        ['gpt-4', '€30.00'],
        ['gpt-5', '€1.25'],
        ['mystery-1', 'no price'],
      ],
    );
    assert.match(textOf(page), /Costs by the price list/);
    assert.match(textOf(page), /Left out of these costs, .* 1 call of mystery-1\./);
    assert.equal(page.querySelector('select[name=cost] option[selected]')?.getAttribute('value'), 'repriced');
    assert.match(page.querySelector('.pivot tbody td a')?.getAttribute('href') ?? '', /cost=repriced/);
    const { tables, manifest } = JSON.parse(
      (await client.get(`/ai-usage/explore.json?${COST}&rows=model&columns=action`)).text,
    );
    assert.deepEqual(
      tables.cells.map(({ row, cost }: Record<string, unknown>) => [row, cost]),
      [
        ['gpt-4', '30.000000'],
        ['gpt-5', '1.250000'],
        ['mystery-1', '0.000000'],
      ],
    );
    assert.deepEqual([manifest.filters, manifest.totalCost], ['All calls, with costs by the price list', '31.250000']);
    const answer = await client.get(`/api/ai-usage/explore?${COST}`);
    assertDescribed('/api/ai-usage/explore', answer);
    assert.deepEqual(
      [answer.body.total.totalCost, answer.body.unpriced],
      [31.25, { requests: 1, models: ['mystery-1'] }],
    );
    const byHour = await openPage(client, `/ai-usage/explore?${COST}&rows=hour&columns=model`);
    assert.doesNotMatch(textOf(byHour), /recorded: by the price list these are not known/);
    assert.match(textOf(byHour.querySelector('tfoot')), /€31\.25/);
    assert.equal(textOf(byHour.querySelector('tfoot td:last-of-type')), 'no price');
    assert.match(textOf(byHour), /Left out of these costs, .* 1 call of mystery-1\./);
    const ofHours = await client.get(`/api/ai-usage/explore?${COST}&rows=hour&columns=model`);
    assertDescribed('/api/ai-usage/explore', ofHours);
    assert.deepEqual(
      [ofHours.body.total.totalCost, ofHours.body.total.requestsWithoutNumber, ofHours.body.unpriced],
      [31.25, 1, { requests: 1, models: ['mystery-1'] }],
    );
  });

  it('holds for a story, and what is recomputed is told to be of recorded costs', async () => {
    for (const path of ['/ai-usage/tie-out']) {
      assert.match(textOf(await openPage(client, `${path}?${COST}`)), /costs as recorded/i, path);
      assert.doesNotMatch(textOf(await openPage(client, path)), /costs as recorded/i, path);
    }
    const page = await openPage(client, `/ai-usage/stories/${story}?${COST}`);
    assert.match(textOf(page), /All of it: €1\.25 by the price list, €0\.75 \(37\.5%\) less than the €2\.00/);
  });

  it('holds for a statement, its files and those of the overview', async () => {
    const page = await openPage(client, `/ai-usage/statement?month=${month}&${COST}`);
    assert.match(textOf(page.querySelector('.tiles')), /€31\.25/);
    assert.match(textOf(page), /Left out of these costs/);
    assert.match(page.querySelector('a[rel=prev]')?.getAttribute('href') ?? '', /cost=repriced/);
    const files = [`/ai-usage/statement.json?month=${month}&${COST}`, `/ai-usage.json?${COST}`];
    for (const path of files) {
      const { tables, manifest } = JSON.parse((await client.get(path)).text);
      assert.deepEqual(
        tables.models.map((row: Record<string, unknown>) => [row.model, row.cost]),
        [
          ['gpt-4', '30.000000'],
          ['gpt-5', '1.250000'],
          ['mystery-1', '0.000000'],
        ],
        path,
      );
      assert.deepEqual(
        [manifest.filters, manifest.totalCost],
        ['All calls, with costs by the price list', '31.250000'],
        path,
      );
      assert.deepEqual(manifest.unpriced, { requests: 1, models: ['mystery-1'] }, path);
      const recorded = JSON.parse((await client.get(path.replace(COST, ''))).text);
      assert.equal('unpriced' in recorded.manifest, false, path);
    }
    const sheets = await xlsxSheets((await download(origin, client, `/ai-usage.xlsx?${COST}`)).bytes);
    const about = sheets.find(({ name }) => name === 'About')?.rows.map((row) => Object.values(row)) ?? [];
    assert.deepEqual(
      about.filter(([what]) => /without a price|Models of/.test(String(what))),
      [
        ['Calls without a price, in no cost', 1],
        ['Models of these', 'mystery-1'],
      ],
    );
    const { headers } = await client.get(`/ai-usage/models.csv?${COST}`);
    assert.equal(headers['x-total-cost'], '31.250000');
  });

  it('stands beside each record of the list and of its files, which say nothing else of what was recorded', async () => {
    const page = await openPage(client, `/ai-usage/records?${COST}&sortBy=aiModel&sortOrder=asc`);
    assert.equal(textOf(page.querySelector('.sum')), '3 records, €6.01, €31.25 by the price list');
    const table = tableOf(page, 'Records');
    const column = (label: string) => table.rows.map((row) => row[table.head.indexOf(label)]?.text);
    assert.deepEqual(column('By the price list'), ['€30.00', '€1.25', 'no price']);
    assert.deepEqual(column('Cost'), ['€4.00', '€2.00', '€0.01']);
    const asked = `${COST}&sortBy=aiModel&sortOrder=asc`;
    const { tables, manifest } = JSON.parse((await client.get(`/ai-usage/records.json?${asked}`)).text);
    assert.deepEqual(
      tables.records.map((row: Record<string, unknown>) => [row.estimatedCostInEuros, row.repricedCostInEuros]),
      [
        ['4.000000', '30.000000'],
        ['2.000000', '1.250000'],
        ['0.010000', null],
      ],
    );
    assert.deepEqual([manifest.filters, manifest.totalCost], ['All calls', '6.010000']);
    const plain = JSON.parse((await client.get('/ai-usage/records.json')).text);
    assert.equal('repricedCostInEuros' in plain.tables.records[0], false);
  });

  it('changes no file that has recorded costs alone', async () => {
    const { tables, manifest } = JSON.parse((await client.get(`/ai-usage/repriced.json?table=models&${COST}`)).text);
    assert.deepEqual([tables.models.length, manifest.filters, manifest.totalCost], [3, 'All calls', '6.010000']);
  });

  it('is what the API says', async () => {
    const { body } = await client.get(`/api/ai-usage/stats?${COST}`);
    assert.equal(body.totalCost, 31.25);
  });

  it('takes recorded or repriced', async () => {
    const { status, text } = await client.get('/ai-usage?cost=billed');
    assert.equal(status, 400);
    assert.match(text, /takes recorded or repriced/);
  });
});
