import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { addTime, DAY_OF_24_HOURS, HOUR, isoFromInstant, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { csvRows, download, xlsxSheets } from '../../support/export.ts';
import { ACTIONS, AUTHORS, MODELS } from '../../support/generated-usage.ts';
import { columnOf, openPage, tableOf, textOf, tilesOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import { COST, microOf, sum } from './amounts.ts';

describe('an export of the tables of a page', () => {
  let origin: string;
  let client: Client;
  const story = randomUUID();
  const author = AUTHORS[0] as string;

  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    await insertUsage(
      Array.from({ length: 90 }, (_, i) => ({
        author,
        story: i % 3 === 0 ? story : randomUUID(),
        model: MODELS[i % MODELS.length] as string,
        action: ACTIONS[i % ACTIONS.length] as string,
        cost: i === 0 ? 12_345_678 : 1 + 7 * i,
        at: now() - HOUR - 8n * BigInt(i) * HOUR,
      })),
    );
  });
  after(resetUsage);

  const lastMonth = isoFromInstant(addTime(now(), -31n * DAY_OF_24_HOURS)).slice(0, 7);
  const OVERVIEW = ['usage', 'parts', 'models', 'actions', 'breakdown', 'causes', 'forecasts'];
  const PAGES: [path: string, tables: string[]][] = [
    // Usage over time is a chart, or this table.
    ['/ai-usage?show=table', OVERVIEW],
    ['/ai-usage?show=table&period=7d&model=gpt-5', OVERVIEW],
    ['/ai-usage?show=table&period=1d&by=action&breakdown=hour', OVERVIEW],
    ['/ai-usage?show=table&breakdown=author&rankBy=requests', OVERVIEW],
    ['/ai-usage?show=table&breakdown=story&rankOrder=asc&period=7d', OVERVIEW],
    ['/ai-usage?show=table&period=all&by=provider', OVERVIEW],
    [`/ai-usage/authors/${author}?show=table`, ['usage', 'parts', 'models', 'actions', 'stories', 'causes']],
    ['/ai-usage/models/gemini-2.5-pro?show=table&period=7d', ['usage', 'parts', 'actions', 'stories', 'causes']],
    ['/ai-usage/actions/test?show=table&period=7d', ['usage', 'parts', 'models', 'stories', 'causes']],
    [`/ai-usage/stories/${story}`, ['steps', 'repeats']],
    [`/ai-usage/statement?month=${lastMonth}`, ['models', 'actions', 'days', 'tieOut']],
  ];

  for (const [address, tables] of PAGES) {
    it(`shows what the page shows, cell by cell: ${address.replace(story, '…')}`, async () => {
      const [path = '', query = ''] = address.split('?');
      const asOf = `asOf=${isoFromInstant(now())}`;
      const page = await openPage(client, `${path}?${query}&${asOf}`);
      const workbook = await download(origin, client, `${path}.xlsx?${query}&${asOf}`);
      const sheets = (await xlsxSheets(workbook.bytes)).slice(0, -1);
      const total = tilesOf(page).get('Total cost')?.exact;
      assert.equal(`€${Number(workbook.headers['x-total-cost']).toFixed(6)}`, total?.replace(/,/g, ''));
      const json = JSON.parse((await download(origin, client, `${path}.json?${query}&${asOf}`)).text);
      assert.deepEqual(Object.keys(json.tables), tables);
      assert.equal(json.manifest.rows, Number(workbook.headers['x-total-rows']));

      const captions = page.querySelectorAll('caption').map((caption) => textOf(caption));
      // A tab has at most 31 characters.
      const captionOf = (tab: string) => captions.find((caption) => caption.startsWith(tab)) ?? tab;
      const exported = sheets.map((sheet) => captionOf(sheet.name));
      const parts = new Map<string, Record<string, string>>();
      for (const { hour, day, month, part, cost } of json.tables.parts ?? []) {
        const bucket = hour ?? day ?? month;
        parts.set(bucket, { ...parts.get(bucket), [part]: cost });
      }
      for (const row of json.tables.usage ?? []) {
        assert.deepEqual(row.parts, parts.get(row.hour ?? row.day ?? row.month) ?? {});
        assert.equal(sum(Object.values<string>(row.parts).map(microOf)), microOf(row.cost));
      }
      // The records of a story have an export of their own, which does not end after a hundred.
      assert.deepEqual(
        captions.filter(
          (caption) => caption !== 'Records' && !caption.startsWith('Further ') && !exported.includes(caption),
        ),
        [],
        'every table of the page is exported',
      );

      for (const [i, name] of tables.entries()) {
        const one = await download(origin, client, `${path}.csv?${query}&${asOf}&table=${name}`);
        const rows = csvRows(one.text);
        const sheet = sheets[i];
        assert.ok(sheet);
        if (!captions.includes(captionOf(sheet.name))) {
          // What the page shows only where there is something to show is a table without rows; parts are columns there.
          if (name !== 'parts') assert.deepEqual([rows, sheet.rows], [[], []], name);
          continue;
        }
        const ofParts = (label: string) => name === 'usage' && !one.text.split('\r\n')[0]?.includes(label);
        const first = tableOf(page, captionOf(sheet.name));
        // What of a table is a click away follows it.
        const further = captions.find((caption) => caption === `Further ${captionOf(sheet.name).toLowerCase()}`);
        const shown = { ...first, rows: [...first.rows, ...(further ? tableOf(page, further).rows : [])] };
        const numeric = page
          .querySelectorAll('table')
          .find((table) => textOf(table.querySelector('caption')) === captionOf(sheet.name))
          ?.querySelectorAll('thead th.number')
          .map(textOf);
        for (const label of (numeric ?? []).filter((label) => !ofParts(label))) {
          for (const row of sheet.rows) {
            const value = row[label];
            assert.ok(value === null || typeof value === 'number', `${name}, ${label}: ${value} is no number`);
          }
        }
        assert.equal(rows.length, shown.rows.length, name);
        assert.equal(sheet.rows.length, shown.rows.length, name);
        for (const label of shown.head.filter((label) => !ofParts(label))) {
          const cells = columnOf(shown, label);
          cells.forEach((cell, row) => {
            const text = rows[row]?.[label] ?? rows[row]?.[`${label} (€)`] ?? '';
            const value = sheet.rows[row]?.[label];
            if (cell.micro !== null && cell.micro !== undefined) {
              assert.equal(microOf(text), Math.round(cell.micro), `${name}, ${label}`);
              assert.equal(Math.round(Number(value) * 1_000_000), Math.round(cell.micro), `${name}, ${label}`);
            } else if (/Requests|Tokens|Stories/.test(label)) {
              assert.equal(text, cell.text.replace(/,/g, ''), `${name}, ${label}`);
              assert.equal(value, Number(cell.text.replace(/,/g, '')), `${name}, ${label}`);
            }
          });
        }
      }
    });
  }

  it('says in front of each row which table it is of, where a CSV holds all of them', async () => {
    const rows = csvRows((await download(origin, client, '/ai-usage.csv')).text);
    assert.deepEqual(
      [...new Set(rows.map((row) => row.Table))],
      ['Usage by day', 'Usage by day, in parts', 'Models', 'Actions', 'Providers'],
    );
    const models = rows.filter((row) => row.Table === 'Models');
    const actions = rows.filter((row) => row.Table === 'Actions');
    const total = (some: typeof rows) => sum(some.map((row) => microOf(row[COST])));
    assert.equal(total(models), total(actions));
  });

  it('tells a name that ends like a file from an export', async () => {
    await insertUsage([
      { model: 'odd.csv', cost: 3 },
      { model: 'odd', cost: 5 },
    ]);
    const overview = await openPage(client, '/ai-usage');
    const link = overview
      .querySelectorAll('a.details')
      .map((a) => a.getAttribute('href') ?? '')
      .find((href) => href.includes('odd'));
    assert.ok(link);
    const page = await openPage(client, '/ai-usage/models/odd%2Ecsv');
    assert.equal(textOf(page.querySelector('h1')), 'odd.csv');
    const exported = await download(origin, client, '/ai-usage/models/odd.csv');
    assert.equal(exported.headers['x-total-cost'], '0.000005');
    const other = await download(origin, client, '/ai-usage/models/odd%2Ecsv.csv');
    assert.equal(other.headers['x-total-cost'], '0.000003');
  });
});
