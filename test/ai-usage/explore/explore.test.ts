import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { AXES, type Axis } from '../../../src/query/view.ts';
import { addTime, DAY_OF_24_HOURS as DAY, type Instant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, HTMX_FRAGMENT, signedIn } from '../../support/client.ts';
import { csvRows, download } from '../../support/export.ts';
import { assertDescribed } from '../../support/openapi.ts';
import {
  columnOf,
  linkTo,
  openJson,
  openPage,
  recordSum,
  tableOf,
  textOf,
  tilesOf,
  totalOf,
} from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const at = (iso: string) => parseInstant(`${iso}Z`) as Instant;
const WINDOW = 'from=2026-10-19&to=2026-10-31T12:00';
const MODELS = 25;
const DAYS = 12;

describe('the page to explore', () => {
  let client: Client;
  let origin: string;
  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    await insertUsage([
      ...Array.from({ length: 60 * DAYS }, (_, i) => ({
        model: `model-${String(i % MODELS).padStart(2, '0')}`,
        action: ['story_outline', 'chapter_writing', 'test'][i % 3] as string,
        cost: 1_000_000 + 37 * i,
        at: at(`2026-10-${19 + (i % DAYS)}T${String((i * 7) % 24).padStart(2, '0')}:30:00`),
      })),
      { model: 'gpt-5', action: 'image_edit', cost: -5_000_000, at: at('2026-10-20T10:00:00') },
      { model: 'gpt-5', action: 'image_generation', cost: Number.NaN, at: at('2026-10-20T10:00:00') },
      { model: 'tts-1', action: 'audio_generation', cost: 7, input: 0, output: 0, at: at('2026-10-20T10:00:00') },
      ...Array.from({ length: 40 }, (_, i) => ({
        cost: 10 + i,
        at: addTime(at('2025-01-01T12:00:00'), BigInt(i) * DAY),
      })),
    ]);
    await coverUsage();
  });
  after(resetUsage);

  const captionOf = (rows: string, columns: string) =>
    new RegExp(`by ${WORDS[rows as Axis]} and ${WORDS[columns as Axis]}$`);
  const WORDS: Record<Axis, string> = {
    ...{ action: 'action', model: 'model', provider: 'provider', weekday: 'weekday' },
    ...{ hour: 'hour of the day', day: 'day', week: 'week', month: 'month' },
  };

  it('has the total of the overview, for any two axes', async () => {
    const cost = tilesOf(await openPage(client, `/ai-usage?${WINDOW}`)).get('Total cost')?.exact;
    assert.ok(cost);
    for (const rows of AXES)
      for (const columns of AXES.filter((one) => one !== rows)) {
        const page = await openPage(client, `/ai-usage/explore?${WINDOW}&rows=${rows}&columns=${columns}`);
        const caption = textOf(page.querySelector('caption'));
        assert.match(caption, captionOf(rows, columns));
        const table = tableOf(page, caption);
        assert.equal(totalOf(table, 'Total').micro, Math.round(Number(cost.replace(/[€,]/g, '')) * 1e6));
      }
  });

  it('names the dearest twenty models, and all others in a column of their own', async () => {
    const page = await openPage(client, `/ai-usage/explore?${WINDOW}`);
    const { head } = tableOf(page, 'Cost by action and model');
    assert.equal(head.length, 1 + 20 + 1 + 1);
    assert.deepEqual([head[0], head[1], head.at(-1)], ['Action', 'Total', '7 other models'], 'totals are in sight');
  });

  it('prints the euros of a column with the same decimals, and what is next to nothing not as nothing', async () => {
    const table = tableOf(await openPage(client, `/ai-usage/explore?${WINDOW}`), 'Cost by action and model');
    const totals = columnOf(table, 'Total');
    for (const { text } of totals.filter(({ text }) => text !== '')) assert.match(text, /^[<−]?€[\d,]+\.\d\d$/);
    const tiny = totals.find(({ micro }) => micro === 7);
    assert.equal(tiny?.text, '<€0.01');
  });

  it('leads from each cell, row and column to the records that it adds up', async () => {
    let followed = 0;
    for (const [rows, columns] of [
      ['action', 'model'],
      ['day', 'provider'],
      ['hour', 'week'],
      ['month', 'action'],
      ['weekday', 'hour'],
    ]) {
      const page = await openPage(client, `/ai-usage/explore?${WINDOW}&rows=${rows}&columns=${columns}&pageSize=3`);
      const { rows: cells } = tableOf(page, textOf(page.querySelector('caption')));
      for (const row of cells)
        for (const { href, micro } of row.slice(1).filter((_, i) => i % 4 === 0)) {
          if (href === null || micro === null || micro < 0) continue;
          followed += 1;
          const { cost } = recordSum(await openPage(client, href.replaceAll('&amp;', '&')));
          assert.equal(cost, micro, href);
        }
    }
    assert.ok(followed > 20, `${followed} links`);
  });

  it('narrows the view by the name of a row, and has each row on one page', async () => {
    const path = `/ai-usage/explore?${WINDOW}&rows=day&columns=action&pageSize=5`;
    const page = await openPage(client, path);
    const { rows } = tableOf(page, 'Cost by day and action');
    assert.equal(rows.length, 6);
    assert.equal(rows[5]?.[0]?.text, '7 other days');
    const narrowed = await openPage(client, (rows[0]?.[0]?.href ?? '').replaceAll('&amp;', '&'));
    const [only] = tableOf(narrowed, 'Cost by day and action').rows;
    assert.equal(only?.[0]?.text, rows[0]?.[0]?.text);
    assert.equal(only?.[1]?.micro, rows[0]?.[1]?.micro);
    assert.match((await client.get(`${path}&page=4`)).text, /There is no such page/);
  });

  it('opens what it does not name: further rows on their pages, further columns by themselves or as rows', async () => {
    const path = `/ai-usage/explore?${WINDOW}`;
    const days = await openPage(client, `${path}&rows=day&columns=action&pageSize=5`);
    const other = tableOf(days, 'Cost by day and action').rows[5]?.[0];
    const next = tableOf(await openPage(client, other?.href ?? ''), 'Cost by day and action');
    assert.equal(next.rows.length, 6);
    const last = tableOf(await openPage(client, next.rows[5]?.[0]?.href ?? ''), 'Cost by day and action').rows;
    const back = tableOf(await openPage(client, last.at(-1)?.[0]?.href ?? ''), 'Cost by day and action').rows;
    assert.deepEqual(
      back.map(([name]) => name?.text),
      next.rows.map(([name]) => name?.text),
    );

    const models = await openPage(client, path);
    const heading = models.querySelectorAll('.pivot thead th').at(-1);
    const total = tableOf(models, 'Cost by action and model').total?.at(-1)?.micro;
    const others = tableOf(
      await openPage(client, linkTo(heading as HTMLElement, 'a') ?? ''),
      'Cost by action and model',
    );
    assert.deepEqual([others.head.length, others.total?.[1]?.micro], [2 + 7, total]);

    const wide = await openPage(client, '/ai-usage/explore?period=2025-Q1&rows=action&columns=day');
    const manyDays = wide.querySelectorAll('.pivot thead th').at(-1);
    assert.equal(textOf(manyDays ?? null), '9 other days');
    const swapped = await openPage(client, linkTo(manyDays as HTMLElement, 'a') ?? '');
    assert.equal(swapped.querySelectorAll('.pivot tbody tr').length, 40);
  });

  it('says in words what is not known, and nothing of it is a zero', async () => {
    const page = await openPage(client, `/ai-usage/explore?${WINDOW}&measure=costPerMillionTokens`);
    const of = (action: string) =>
      textOf(
        page
          .querySelectorAll('.pivot tbody tr')
          .find((row) => textOf(row.querySelector('th')).startsWith(action))
          ?.querySelector('td:last-child .hidden') ?? null,
      );
    assert.equal(of('Audio'), 'no tokens');
    assert.equal(of('Image generation'), 'no number');
    const { body } = await client.get(`/api/ai-usage/explore?${WINDOW}&measure=costPerMillionTokens`);
    const { value } = body.rowTotals.find(({ key }: { key: string }) => key === 'audio_generation');
    assert.equal(value, null);
  });

  it('takes an asOf, as the overview does', async () => {
    const asOf = 'asOf=2026-10-21T00:00:00Z';
    const total = tilesOf(await openPage(client, `/ai-usage?${WINDOW}&${asOf}`)).get('Requests')?.text;
    const page = await openPage(client, `/ai-usage/explore?${WINDOW}&${asOf}&measure=requests`);
    assert.equal(totalOf(tableOf(page, 'Requests by action and model'), 'Total').text.split(' ')[0], total);
    assert.match(textOf(page.querySelector('.window')), /nothing newer is counted/);
  });

  it('refuses what it does not take, in words, as a page and as JSON', async () => {
    for (const [parameters, parameter, message] of [
      ['rows=author', 'rows', /takes action, model, provider, weekday, hour, day, week, month/],
      ['columns=Model', 'columns', /takes action, model/],
      ['rows=day&columns=day', 'columns', /takes another than rows: both are day/],
      ['measure=tokensPerSecond', 'measure', /takes cost, requests, .*costPerMillionTokens/],
    ] as const) {
      assert.equal((await client.get(`/ai-usage/explore?${parameters}`)).status, 400);
      const answer = await client.get(`/api/ai-usage/explore?${parameters}`, { Accept: 'application/json' });
      assertDescribed('/api/ai-usage/explore', answer);
      assert.equal(answer.status, 400);
      assert.equal(answer.body.details[0].parameter, parameter);
      assert.match(answer.body.details[0].message, message);
    }
    // Of one axis alone the other is another.
    for (const parameters of ['rows=model', 'columns=action'])
      assert.equal((await client.get(`/ai-usage/explore?${parameters}`)).status, 200);
  });

  it('is described as JSON, with stories where they are asked for', async () => {
    for (const parameters of [
      '',
      '&measure=costPerStory&rows=week',
      '&rows=day&columns=hour&pageSize=2&page=2',
      '&model=none',
    ]) {
      const answer = await client.get(`/api/ai-usage/explore?${WINDOW}${parameters}`, { Accept: 'application/json' });
      assert.equal(answer.status, 200);
      assertDescribed('/api/ai-usage/explore', answer);
    }
  });

  it('has every cell in its files, whatever the page names', async () => {
    type Cell = { row: string; column: string; requests: number; cost: string };
    const asOf = 'asOf=2026-11-20T00:00:00Z';
    const path = `${WINDOW}&${asOf}&rows=day&columns=model`;
    const { text } = await download(origin, client, `/ai-usage/explore.json?${path}`);
    const cells: Cell[] = JSON.parse(text).tables.cells;
    const found = await openJson<{ total: { requests: number } }>(client, `/api/ai-usage/explore?${path}`);
    assert.equal(
      cells.reduce((sum, { requests }) => sum + requests, 0),
      found.total.requests,
    );
    assert.equal(new Set(cells.map(({ row }) => row)).size, DAYS);
    assert.equal(new Set(cells.map(({ column }) => column)).size, MODELS + 2);
    assert.equal(csvRows((await download(origin, client, `/ai-usage/explore.csv?${path}`)).text).length, cells.length);
  });

  it('is a fragment for what changes a part of it', async () => {
    const { text } = await client.get(`/ai-usage/explore?${WINDOW}`, HTMX_FRAGMENT);
    assert.doesNotMatch(text, /<html/);
    assert.match(text, /Cost by action and model/);
  });
});
