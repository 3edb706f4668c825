import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { addTime, HOUR, isoFromInstant, now, parseInstant } from '../../src/units/time.ts';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { assertNumbers } from '../support/numbers.ts';
import { columnOf, linkTo, openJson, openPage, recordIds, tableOf, textOf, tilesOf, totalOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

const PATH = '/ai-usage/records';
const ALL = { sql: 'true', bindings: [] };
const PERIODS = ['period=1d', '', 'period=all', 'from=2026-10-25&to=2026-10-25', 'search=gpt'];

describe('extremes', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  beforeEach(resetUsage);

  it('no rows at all: zeros, empty lists, and a way out', async () => {
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      for (const period of PERIODS) {
        await assertNumbers(client, period, ALL);
        for (const path of ['/ai-usage', PATH]) {
          const page = await openPage(client, `${path}?${period}`);
          assert.doesNotMatch(page.text, /NaN|null|undefined|Infinity/);
          const wayOut = linkTo(page, '.empty a.button');
          assert.equal(wayOut, path);
        }
      }
    }
    const stats = await openJson<StatsJson>(client, '/api/ai-usage/stats');
    assert.deepEqual(
      [stats.modelBreakdown, stats.actionBreakdown, stats.dailyUsage, stats.topModels],
      [[], [], [], []],
    );
    assert.deepEqual([stats.averageCostPerRequest, stats.uniqueStories], [0, 0]);
    const { records, total, totalPages, after } = await openJson<RecordsJson>(client, `/api${PATH}`);
    assert.deepEqual([records, total, totalPages, after], [[], 0, 0, null]);
  });

  it('one row: it is the total, the average and all of every table', async () => {
    const [row] = await insertUsage([{ cost: 4213, input: 1, output: 2 }]);
    for (const period of ['period=1d', '', 'period=all']) await assertNumbers(client, period, ALL);
    const page = await openPage(client, '/ai-usage');
    assert.deepEqual(
      [...tilesOf(page)].map(([label, { text }]) => [label, text]),
      [
        ['Total cost', '€0.00421'],
        ['Requests', '1'],
        ['Tokens in', '1'],
        ['Tokens out', '2'],
        ['Average per request', '€0.00421'],
        ['Stories', '1'],
        ['Average per story', '€0.00421'],
      ],
    );
    assert.equal(columnOf(tableOf(page, 'Models'), 'Share')[0]?.text, '100.0%');
    assert.equal(columnOf(tableOf(page, 'Models'), '€ per million tokens')[0]?.micro, 1_404_333_333);
    for (const path of ['/ai-usage', PATH, '/ai-usage/tie-out']) {
      const amounts = (await openPage(client, path)).querySelectorAll('td').filter(({ text }) => text.includes('€'));
      assert.ok(amounts.length > 0);
      // An amount that is printed to the micro-euro says it once.
      for (const amount of amounts) {
        const exact = (amount.querySelector('[title]') ?? amount).getAttribute('title');
        assert.match(exact ?? textOf(amount), /€[\d,]+\.\d{6}$/);
        assert.notEqual(exact, textOf(amount));
      }
    }
    const records = await openPage(client, PATH);
    assert.match(textOf(records.querySelector('.sum')), /^1 record, €0\.004213$/);
    assert.equal(linkTo(records, '.pager a[rel]'), null);
    assert.deepEqual(recordIds(records), [row?.id]);
  });

  it('rows without cost or tokens: no division by nothing', async () => {
    await insertUsage([
      { cost: 0, input: 0, output: 0 },
      { cost: 0, input: 5, output: 0, model: 'tts-1' },
    ]);
    await assertNumbers(client, '', ALL);
    const page = await openPage(client, '/ai-usage');
    assert.doesNotMatch(page.text, /NaN|Infinity/);
    assert.deepEqual(
      columnOf(tableOf(page, 'Models'), 'Share').map(({ text }) => text),
      ['–', '–'],
    );
    assert.equal(totalOf(tableOf(page, 'Models'), '€ per million tokens').text, '€0.00');
  });

  it('the most that the columns hold, many times over: sums stay exact', async () => {
    const most = { cost: 9_999_999_999, input: 2_147_483_647, output: 2_147_483_647 };
    await insertUsage([
      ...Array.from({ length: 150 }, () => most),
      { ...most, cost: 1, output: 2_147_483_646 },
      { cost: 0, input: 0, output: 0 },
    ]);
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      await assertNumbers(client, '', ALL);
    }
    const { totalCost, totalTokens } = await openJson<StatsJson>(client, '/api/ai-usage/stats');
    assert.equal(totalCost, 1_499_999.999851);
    assert.equal(totalTokens, 151 * 2 * 2_147_483_647 - 1);
    assert.match(tilesOf(await openPage(client, '/ai-usage')).get('Total cost')?.exact ?? '', /^€1,499,999\.999851$/);
    for (const sortBy of ['totalTokens', 'inputTokens', 'estimatedCostInEuros']) {
      const seen: string[] = [];
      for (let href: string | null = `${PATH}?sortBy=${sortBy}&pageSize=50`; href; ) {
        const page = await openPage(client, href);
        seen.push(...recordIds(page));
        href = linkTo(page, 'a[rel=next]');
      }
      assert.equal(new Set(seen).size, 152, sortBy);
      assert.equal(seen.length, 152, sortBy);
    }
  });

  it('a row from the future is not counted before its time, and one from long ago is', async () => {
    await insertUsage([
      { at: addTime(now(), HOUR), cost: 1_000_000 },
      { at: parseInstant('1999-12-31T23:59:59Z') as bigint, cost: 7 },
    ]);
    for (const period of ['', 'period=all', 'from=1999-12-31&to=2000-01-01', 'to=2199-12-31']) {
      const expected = period === '' ? 0 : 7;
      const { totalCost } = await openJson<StatsJson>(client, `/api/ai-usage/stats?${period}`);
      assert.equal(Math.round(totalCost * 1_000_000), expected, period);
      await openPage(client, `/ai-usage?${period}`);
    }
  });
});

describe('a view as of an instant', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
  });

  it('keeps its numbers while rows arrive, and hands its instant on in every link', async () => {
    await insertUsage(Array.from({ length: 3 }, () => ({ at: addTime(now(), -HOUR) })));
    const asOf = isoFromInstant(now());
    const paths = [
      `/api/ai-usage/stats?asOf=${asOf}`,
      `/api/ai-usage/records?asOf=${asOf}`,
      `/ai-usage?asOf=${asOf}`,
      `${PATH}?asOf=${asOf}`,
    ];
    const read = () => Promise.all(paths.map(async (path) => (await client.get(path)).text));
    const before = await read();
    await insertUsage(Array.from({ length: 5 }, () => ({ at: addTime(now(), 1000n) })));
    // A millisecond ahead, and inserted within it on a good day: until it is past, no window reaches them.
    await sleep(5);
    const { totalRequests } = await openJson<StatsJson>(client, '/api/ai-usage/stats');
    assert.equal(totalRequests, 8);
    assert.deepEqual(await read(), before);

    for (const path of paths.slice(2)) {
      const page = await openPage(client, path);
      const links = page.querySelectorAll('section a:not(.skip, .self)').map((link) => link.getAttribute('href') ?? '');
      const pinned = encodeURIComponent(asOf);
      // A record, a view that is to be saved, which knows no instant, and notes are no numbers.
      const isNumbers = (href: string) => !/\/records\/[0-9a-f-]{36}$|^\/views\/new\?|^\/ai-usage\/notes$/.test(href);
      const without = links.filter((href) => !href.includes(pinned) && isNumbers(href));
      assert.deepEqual(without, [path.split('?')[0]], 'only the way back to now');
      assert.match(textOf(page.querySelector('p.window')), /nothing newer is counted/);
      for (const form of page.querySelectorAll('#usage form'))
        assert.equal(form.querySelector('input[name=asOf]')?.getAttribute('value'), asOf);
    }
  });
});
