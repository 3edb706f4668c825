import assert from 'node:assert/strict';
import { type Instant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp, startApp } from '../../support/app.ts';
import { type Client, location, signedIn } from '../../support/client.ts';
import { closing } from '../../support/closing.ts';
import { columnOf, integerOf, openPage, recordSum, tableOf, textOf, tilesOf, totalOf } from '../../support/page.ts';
import { later } from '../../support/session.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const PATH = '/ai-usage/statement';
const at = (iso: string) => parseInstant(iso) as Instant;

describe('the statement of a month', () => {
  const opened = closing();
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    // October in Lisbon begins at 23:00 UTC of 30 September, and ends at midnight UTC: clocks change on the 25th.
    await insertUsage([
      { at: at('2026-09-30T22:59:59.999999Z'), cost: 9_000_000 },
      { at: at('2026-09-30T23:00:00Z'), cost: 1_000_001, model: 'gpt-5', action: 'story_outline' },
      { at: at('2026-10-25T12:00:00Z'), cost: 2_000_000, model: 'tts-1', action: 'audio_generation' },
      { at: at('2026-10-25T13:00:00Z'), cost: 0, model: 'mystery-9', action: 'story_outline' },
      { at: at('2026-10-31T23:59:59.999999Z'), cost: 4_000_000, model: 'gpt-5', action: 'chapter_writing' },
      { at: at('2026-11-01T00:00:00Z'), cost: 9_000_000 },
    ]);
  });
  after(resetUsage);

  it('is of nothing where it is asked for as of an instant before the month, and its days are none of another one', async () => {
    const page = await openPage(client, `${PATH}?month=2026-10&asOf=2026-09-15T12:00:00Z`);
    assert.equal(textOf(page.querySelector('h1')), 'October 2026');
    assert.equal(tilesOf(page).get('Total cost')?.exact, '€0.000000');
    assert.match(textOf(page.querySelector('.notice')), /October 2026 had not begun at 15 Sept? 2026/);
    assert.doesNotMatch(textOf(page.querySelector('#usage')), /Tue,? 15 Sep/);
    const file = await client.get(`${PATH}.json?month=2026-10&asOf=2026-09-15T12:00:00Z&table=days`, { Accept: '*/*' });
    assert.deepEqual(file.body.tables, { days: [] });
    // The same of any window that begins after the instant, whatever its bars.
    for (const span of [
      'from=2026-10-01&to=2026-10-31',
      'from=2026-10-05&to=2026-10-05',
      'from=2026-01-01&to=2026-10-31',
    ]) {
      const asOf = span.startsWith('from=2026-01') ? '2025-12-15T12:00:00Z' : '2026-09-15T12:00:00Z';
      const { tables } = (await client.get(`/ai-usage.json?${span}&asOf=${asOf}&table=usage`, { Accept: '*/*' })).body;
      assert.deepEqual(tables, { usage: [] }, span);
      await openPage(client, `/ai-usage?${span}&asOf=${asOf}&show=table`);
    }
  });

  it('says of a parameter that is given twice what it says everywhere, as do the audit log and every file', async () => {
    const once = '2026-10-31T12:00:00Z';
    for (const [path, parameter] of [
      [`${PATH}?month=2026-10&month=2026-09`, 'month'],
      [`${PATH}?month=2026-10&asOf=${once}&asOf=${once}`, 'asOf'],
      [`${PATH}.csv?month=2026-10&month=2026-10`, 'month'],
      [`${PATH}.csv?month=2026-10&table=days&table=days`, 'table'],
      [`${PATH}.csv?month=2026-10&dialect=excel-pt&dialect=excel-pt`, 'dialect'],
      ['/ai-usage/records.csv?manifest=1&manifest=1', 'manifest'],
      ['/audit?from=2026-10-01&from=2026-10-02', 'from'],
      ['/audit?person=a&person=b', 'person'],
      ['/audit?kind=export&kind=export', 'kind'],
      ['/audit.json?to=2026-10-01&to=2026-10-01', 'to'],
    ] as const) {
      const { status, body } = await client.get(path, { Accept: 'application/json' });
      assert.equal(status, 400, path);
      assert.deepEqual(body.details, [{ parameter, message: 'is given more than once' }], path);
    }
    assert.equal((await client.get(`${PATH}?month=2026-10&asOf=&asOf=${once}`)).status, 200);
  });

  it('holds the calls of that month in business time, by model, action and day, each adding up', async () => {
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      const page = await openPage(client, `${PATH}?month=2026-10`);
      assert.equal(textOf(page.querySelector('h1')), 'October 2026');
      assert.equal(tilesOf(page).get('Total cost')?.exact, '€7.000001');
      for (const caption of ['By model', 'By action', 'By day']) {
        const table = tableOf(page, caption);
        assert.equal(totalOf(table, 'Cost').micro, 7_000_001, caption);
        assert.equal(
          columnOf(table, 'Cost').reduce((sum, { micro }) => sum + (micro ?? Number.NaN), 0),
          7_000_001,
        );
        assert.equal(
          columnOf(table, 'Requests').reduce((sum, { text }) => sum + integerOf(text), 0),
          4,
        );
      }
      assert.equal(columnOf(tableOf(page, 'By model'), 'Model').at(-1)?.flag, 'no price');
      const days = tableOf(page, 'By day');
      assert.equal(days.rows.length, 31, 'days without calls are there too');
      assert.deepEqual(
        [days.rows[0]?.[0]?.text, days.rows[30]?.[0]?.text].map((day) => day?.replace(',', '')),
        ['Thu 1 Oct 2026', 'Sat 31 Oct 2026'],
      );
      const sums = tableOf(page, 'Tie-out');
      assert.deepEqual(
        columnOf(sums, 'Difference').map(({ text, flag }) => [text, flag]),
        [1, 2, 3].map(() => ['€0.000000', null]),
      );
      assert.equal(page.querySelector('.notice'), null, 'the month is over');
    }
  });

  it('leads to the months beside it, to the models of that month and to the raw rows', async () => {
    const page = await openPage(client, `${PATH}?month=2026-10`);
    assert.equal(page.querySelector('a[rel=prev]')?.getAttribute('href'), `${PATH}?month=2026-09`);
    assert.equal(page.querySelector('a[rel=next]')?.getAttribute('href'), `${PATH}?month=2026-11`);
    const model = await openPage(client, columnOf(tableOf(page, 'By model'), 'Model')[0]?.href ?? '');
    assert.equal(tilesOf(model).get('Total cost')?.exact, '€5.000001');
    const records = await openPage(client, model.querySelector('header a.button')?.getAttribute('href') ?? '');
    assert.deepEqual(recordSum(records), { requests: 2, cost: 5_000_001 });
    const recomputed = await openPage(client, page.querySelector('.tie-out a')?.getAttribute('href') ?? '');
    assert.match(textOf(recomputed), /Every figure is the same to the last digit/);
  });

  it('of the month under way says so, and has none after it', async () => {
    const twelve = Number(at('2027-01-12T12:00:00Z') / 1000n) - Date.now();
    // An app of its own: what it keeps for reuse would be from the future.
    const app = await opened(startApp());
    await later(twelve, async () => {
      const someone = await signedIn(app.origin);
      const page = await openPage(someone, `${PATH}?month=2027-01`);
      assert.match(
        textOf(page.querySelector('.notice')),
        /January 2027 is not over, this counts until 12 Jan 2027, 12:00/,
      );
      assert.equal(page.querySelector('a[rel=next]'), null);
      assert.equal(page.querySelector('a[rel=prev]')?.getAttribute('href'), `${PATH}?month=2026-12`);
      assert.equal(tableOf(page, 'By day').rows.length, 12);
      assert.equal(tilesOf(page).get('Requests')?.text, '0');
    });
  });

  it('without a month is that of the last one that is over', async () => {
    const app = await opened(startApp());
    for (const path of [PATH, `${PATH}?month=`]) {
      const answer = await later(Number(at('2027-01-01T00:30:00Z') / 1000n) - Date.now(), async () =>
        (await signedIn(app.origin)).get(path),
      );
      assert.equal(answer.status, 302);
      assert.equal(location(answer), `${PATH}?month=2026-12`);
    }
  });

  it('of anything that is no month, or has not begun, is a 400 that names the parameter', async () => {
    for (const month of ['2026-13', '2026-1', 'october', '2026-10-01', '2200-01', '2199-12', '٢٠٢٦-١٠', '%00']) {
      const answer = await client.get(`${PATH}?month=${month}`);
      assert.equal(answer.status, 400, month);
      assert.match(answer.text, /<code>month<\/code> takes a month that has begun, such as 2026-10/);
    }
    assert.equal((await client.get(`${PATH}?month=2026-09&month=2026-10`)).status, 400);
  });
});
