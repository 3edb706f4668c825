import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  instantAt,
  isoFromInstant,
  now,
  parseInstant,
} from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { csvRows, download, xlsxSheets } from '../../support/export.ts';
import { AUTHORS, STORIES, slowly, usageAt } from '../../support/generated-usage.ts';
import { openPage, recordIds, recordSum } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';
import { COST, microOf, sum } from './amounts.ts';

describe('an export of records', () => {
  let origin: string;
  let client: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
  });
  after(resetUsage);

  const amounts = async (path: string, query: string) => {
    const fetched = (ending: string) => download(origin, client, `${path}${ending}${query}`);
    // One after the other: nobody may have more than two at once.
    const csv = await fetched('.csv?');
    const excel = await fetched('.csv?dialect=excel-pt&');
    const xlsx = await fetched('.xlsx?');
    const json = await fetched('.json?');
    const ndjson = await fetched('.ndjson?');
    const sheets = await xlsxSheets(xlsx.bytes);
    const lines = ndjson.text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as Record<string, string>);
    return {
      headers: csv.headers,
      csv: csvRows(csv.text).map((row) => ({ id: row['Record id'], cost: microOf(row[COST]) })),
      excel: csvRows(excel.text, ';').map((row) => ({
        id: row['Record id'],
        cost: microOf(row[COST]?.replace(',', '.')),
      })),
      xlsx: (sheets[0]?.rows ?? []).map((row) => ({
        id: row['Record id'],
        cost: Math.round(Number(row.Cost) * 1_000_000),
      })),
      json: (JSON.parse(json.text).tables.records as Record<string, string>[]).map((row) => ({
        id: row.tokenUsageId,
        cost: microOf(row.estimatedCostInEuros),
      })),
      ndjson: lines.map((row) => ({ id: row.tokenUsageId, cost: microOf(row.estimatedCostInEuros) })),
    };
  };

  it('holds the rows of the page in its order and adds up to it, to the micro-euro, in every format', async () => {
    const usage = fc.array(usageAt(fc.nat(60).map((days) => now() - BigInt(days) * DAY_OF_24_HOURS - HOUR)), {
      maxLength: 60,
    });
    const filter = fc.constantFrom(
      '',
      'model=gpt-5&model=tts-1',
      'action=test',
      'search=gpt',
      `author=${AUTHORS[0]}`,
      `story=${STORIES[1]}`,
      'period=all',
      'period=7d',
    );
    const order = fc.constantFrom('', 'sortOrder=asc', 'sortBy=estimatedCostInEuros', 'sortBy=aiModel&sortOrder=asc');
    await fc.assert(
      fc.asyncProperty(usage, filter, order, fc.boolean(), async (rows, filter, order, covered) => {
        await resetUsage();
        await insertUsage(rows);
        if (covered) await coverUsage();
        const query = [filter, order, `asOf=${isoFromInstant(now())}`].filter(Boolean).join('&');
        const page = await openPage(client, `/ai-usage/records?pageSize=200&${query}`);
        const shown = rows.length === 0 || page.querySelector('.empty') ? { requests: 0, cost: 0 } : recordSum(page);
        const { headers, ...formats } = await amounts('/ai-usage/records', query);
        for (const [format, exported] of Object.entries(formats)) {
          assert.deepEqual(
            exported.map(({ id }) => id),
            shown.requests === 0 ? [] : recordIds(page),
            format,
          );
          assert.equal(sum(exported.map(({ cost }) => cost)), shown.cost, format);
        }
        assert.equal(headers['x-total-rows'], String(shown.requests));
        assert.equal(microOf(String(headers['x-total-cost'])), shown.cost);
      }),
      slowly(8),
    );
  });

  it('holds what the page of one record shows, with names beside ids, exact instants and business time in Excel', async () => {
    await resetUsage();
    const [row] = await insertUsage([
      {
        at: parseInstant('2026-10-24T23:30:00.123456Z') as bigint,
        model: 'gemini-2.5-pro',
        action: 'image_edit',
        cost: 4213,
      },
    ]);
    assert.ok(row);
    const { mythoria } = databases();
    await mythoria('authors').insert({ author_id: row.author, display_name: 'Inês; "Duarte"', email: 'i@example.com' });
    await mythoria('stories').insert({ story_id: row.story, title: 'A\r\nFada, e o mar', author_id: row.author });
    const path = '/ai-usage/records';
    const csv = await download(origin, client, `${path}.csv?period=all`);
    assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8');
    assert.match(csv.headers['content-disposition'] ?? '', /^attachment; filename=.*ai-usage-records-.*Z\.csv/);
    assert.deepEqual(csvRows(csv.text), [
      {
        'Time (UTC)': '2026-10-24T23:30:00.123456Z',
        Author: 'Inês; "Duarte"',
        Story: 'A\r\nFada, e o mar',
        Action: 'Image edit',
        Model: 'gemini-2.5-pro',
        Provider: 'Google',
        'Tokens in': '1000',
        'Tokens out': '500',
        Tokens: '1500',
        [COST]: '0.004213',
        'Record id': row.id,
        'Author id': row.author,
        'Story id': row.story,
        'Action id': 'image_edit',
      },
    ]);
    const excel = await download(origin, client, `${path}.csv?period=all&dialect=excel-pt`);
    assert.equal(excel.text.charCodeAt(0), 0xfeff);
    const [local] = csvRows(excel.text, ';');
    assert.equal(local?.['Time (Europe/Lisbon)'], '2026-10-25 00:30:00');
    assert.equal(local?.[COST], '0,004213');
    const [records, about] = await xlsxSheets((await download(origin, client, `${path}.xlsx?period=all`)).bytes);
    assert.equal(about?.name, 'About');
    const cells = records?.rows[0];
    assert.deepEqual(cells?.['Time (Europe/Lisbon)'], new Date('2026-10-25T00:30:00.123Z'));
    assert.equal(cells?.Cost, 0.004213);
    assert.equal(cells?.Tokens, 1500);
  });

  it('says what it is about: filters as a sentence, window, zone, instant, rows and cost', async () => {
    await resetUsage();
    await insertUsage([{ cost: 5_000_001 }, { cost: 2, model: 'tts-1' }, { model: 'dall-e-3' }]);
    const asOf = isoFromInstant(now());
    const query = `model=gpt-5&model=tts-1&action=chapter_writing&asOf=${asOf}`;
    const expected = {
      title: 'Records',
      filters: 'Calls whose model is gpt-5 or tts-1 and whose action is Chapter writing',
      from: isoFromInstant(addTime(instantAt(parseInstant(asOf) as bigint), -30n * DAY_OF_24_HOURS)),
      to: asOf,
      timeZone: 'Europe/Lisbon',
      asOf,
      rows: 2,
      totalCost: '5.000003',
    };
    const fetched = async (ending: string) => (await download(origin, client, `/ai-usage/records${ending}`)).text;
    assert.deepEqual(JSON.parse(await fetched(`.json?${query}`)).manifest, expected);
    const [first = ''] = (await fetched(`.ndjson?${query}`)).split('\n');
    assert.deepEqual(JSON.parse(first), { manifest: expected });
    const withManifest = await fetched(`.csv?${query}&manifest=1`);
    const lines: string[][] = parse(withManifest, { relax_column_count: true });
    assert.deepEqual(lines.at(-1)?.length, 1);
    assert.deepEqual(JSON.parse(lines.at(-1)?.[0]?.replace(/^# /, '') ?? ''), expected);
    assert.doesNotMatch(await fetched(`.csv?${query}`), /#/);
    const [, about] = await xlsxSheets((await download(origin, client, `/ai-usage/records.xlsx?${query}`)).bytes);
    const facts = new Map(about?.rows.map((row) => [row['About this file'], row['']]));
    assert.equal(facts.get('Filters'), expected.filters);
    assert.equal(facts.get('Rows'), 2);
    assert.equal(facts.get('Total cost'), 5.000003);
    assert.equal(facts.get('Time zone'), 'Europe/Lisbon');
  });
});
