import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { type Instant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openPage, tableOf, textOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const noon = (day: string) => parseInstant(`${day}T12:00:00Z`) as Instant;
const OCTOBER = '/ai-usage?from=2026-10-01&to=2026-10-05';
const as_of = 'asOf=2026-11-01T09:17:23Z';

/** The heights of a line, the ground being 0 and its highest 12, and what is said of it. */
function courseOf(row: HTMLElement | undefined) {
  const course = row?.querySelector('.course');
  if (!course) return null;
  const [, height] = course.getAttribute('viewBox')?.match(/^0 0 \d+ (\d+)$/) ?? [];
  const [, first, steps] =
    course
      .querySelector('path')
      ?.getAttribute('d')
      ?.match(/^M0 (\d+)(.*)$/) ?? [];
  let at = Number(first);
  const heights = [at, ...[...(steps ?? '').matchAll(/l2 (-?\d+)/g)].map(([, by]) => (at += Number(by)))];
  return { heights: heights.map((y) => Number(height) - y), said: textOf(course.querySelector('title')) };
}

describe('trends of breakdowns', () => {
  let client: Client;
  const rowsOf = async (path: string, caption: string) => {
    const page = await openPage(client, path);
    const table = page.querySelectorAll('table').find((one) => textOf(one.querySelector('caption')) === caption);
    const named = (table?.querySelectorAll('tbody tr, tfoot tr') ?? []).map((row) => [
      textOf(row.querySelector('th a')) || 'Total',
      courseOf(row),
    ]);
    return Object.fromEntries(named) as Record<string, ReturnType<typeof courseOf>>;
  };

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await insertUsage([
      { at: noon('2026-10-01'), model: 'gpt-5', action: 'story_outline', cost: 3_000_000 },
      { at: noon('2026-10-01'), model: 'gpt-5', action: 'story_outline', cost: 3_000_000 },
      { at: noon('2026-10-03'), model: 'gpt-5', action: 'story_outline', cost: 12_000_000 },
      { at: noon('2026-10-05'), model: 'tts-1', action: 'audio_generation', cost: 6_000_000 },
      { at: noon('2026-10-05'), model: 'free-1', action: 'test', cost: 0 },
    ]);
  });
  after(resetUsage);

  it('are drawn beside the cost of each model, action and provider and of all, and say their highest day', async () => {
    const gpt = { heights: [6, 0, 12, 0, 0], said: 'highest 3 Oct' };
    const tts = { heights: [0, 0, 0, 0, 12], said: 'highest 5 Oct' };
    const total = { heights: [6, 0, 12, 0, 6], said: 'highest 3 Oct' };
    assert.deepEqual(await rowsOf(OCTOBER, 'Models'), { 'gpt-5': gpt, 'tts-1': tts, 'free-1': null, Total: total });
    assert.deepEqual((await rowsOf(OCTOBER, 'Actions'))['Story outline'], gpt);
    assert.deepEqual((await rowsOf(`${OCTOBER}&breakdown=provider`, 'Providers')).OpenAI, total);
    for (const list of ['models', 'actions', 'providers']) {
      const page = await openPage(client, OCTOBER.replace('/ai-usage', `/ai-usage/${list}`));
      assert.deepEqual(courseOf(page.querySelector('tfoot tr') ?? undefined), total, list);
    }
    const ofModel = await openPage(client, OCTOBER.replace('/ai-usage', '/ai-usage/models/gpt-5'));
    assert.deepEqual(courseOf(ofModel.querySelector('#actions ~ .scroll tbody tr') ?? undefined), gpt);
  });

  it('stand on nothing, refunds below it', async () => {
    await insertUsage([{ at: noon('2026-10-02'), model: 'gpt-5', cost: -12_000_000 }]);
    assert.deepEqual((await rowsOf(OCTOBER, 'Models'))['gpt-5']?.heights, [9, 0, 12, 6, 6]);
  });

  it('leave out days that are not whole, and have several days a step where there are more than a month of them', async () => {
    await insertUsage([{ at: noon('2026-10-31'), model: 'gpt-5', action: 'story_outline', cost: 1_000_000 }]);
    // From 5 Oct 2026, 10:17 until 1 Nov, 09:17 there are 26 whole days.
    const days = await rowsOf(`/ai-usage?from=2026-10-05T10:17&${as_of}`, 'Models');
    assert.deepEqual(days['gpt-5'], { heights: [...Array(25).fill(0), 12], said: 'highest 31 Oct' });
    assert.equal(days['tts-1'], null, 'only on a part of a day');
    // 92 days in fifteen steps of six, the two oldest left out.
    const quarter = await rowsOf('/ai-usage?from=2026-08-01&to=2026-10-31', 'Models');
    const heights = [...Array(9).fill(0), 6, 12, 0, 0, 0, 1];
    assert.deepEqual(quarter['gpt-5'], { heights, said: 'highest 2 Oct – 7 Oct' });
  });

  it('are of authors and stories too, from whole days alone, by a filter and by months', async () => {
    const [ana, rui] = ['0b7c5a5e-98f1-4c3f-9a8e-1d2c3b4a5f60', '5d1c0f7b-2a64-4e0b-8f3d-9b7a6c5e4d30'];
    await insertUsage([
      { at: noon('2026-10-02'), author: ana, story: ana, model: 'o3', cost: 40_000_000 },
      { at: noon('2026-10-04'), author: ana, story: ana, model: 'o3', cost: 10_000_000 },
      { at: noon('2026-10-04'), author: ana, story: ana, model: 'tts-1', cost: 10_000_000 },
      { at: noon('2026-10-05'), author: rui, story: rui, model: 'tts-1', cost: 30_000_000 },
    ]);
    await coverUsage();
    const heights = async (path: string, caption: string) => {
      const rows = await rowsOf(path, caption);
      return [ana, rui].map((id) => rows[id.slice(0, 8)]?.heights);
    };
    const own = [
      [0, 12, 0, 6, 0],
      [0, 0, 0, 0, 12],
    ];
    assert.deepEqual(await heights(`${OCTOBER}&breakdown=author`, 'Authors'), own);
    assert.deepEqual(await heights(`${OCTOBER}&breakdown=story`, 'Stories'), own);
    for (const [list, caption] of [
      ['authors', 'Authors'],
      ['stories', 'Stories'],
    ] as const)
      assert.deepEqual(await heights(OCTOBER.replace('/ai-usage', `/ai-usage/${list}`), caption), own, list);
    assert.deepEqual(
      await heights(`${OCTOBER}&breakdown=story&model=o3&model=tts-1`, 'Stories'),
      own,
      'of two models on a day',
    );
    assert.deepEqual(await heights(`${OCTOBER}&breakdown=story&model=o3`, 'Stories'), [[0, 12, 0, 3, 0], undefined]);
    assert.deepEqual(
      await heights('/ai-usage?from=2026-08-01&to=2026-12-31&breakdown=story&asOf=2026-11-30T12:00:00Z', 'Stories'),
      [
        [0, 0, 12],
        [0, 0, 12],
      ],
    );
    assert.deepEqual(await heights(`${OCTOBER}&breakdown=story&hours=10-13`, 'Stories'), own);
    // What days do not tell is not drawn: limits of cost.
    const page = await openPage(client, `${OCTOBER}&breakdown=story&minCost=1`);
    assert.ok(!tableOf(page, 'Stories').head.includes('Trend'));
  });

  it('are of authors and stories by the price list as well, from their calls, also before there are rollups', async () => {
    const ana = '0b7c5a5e-98f1-4c3f-9a8e-1d2c3b4a5f60';
    const of = { author: ana, story: ana, model: 'gpt-4', output: 0 };
    await insertUsage([
      { ...of, at: noon('2026-10-02'), input: 2_000_000, cost: 1_000_000 },
      { ...of, at: noon('2026-10-04'), input: 1_000_000, cost: 90_000_000 },
    ]);
    const noPrices = () => databases().backoffice.raw('TRUNCATE prices, exchange_rates');
    await noPrices();
    const price = { model: 'gpt-4', from: '2020-01-01', currency: 'EUR', inputPerMillion: 30, outputPerMillion: 60 };
    assert.equal((await client.json('post', '/api/prices', price)).status, 201);
    try {
      for (const cover of [async () => {}, coverUsage]) {
        await cover();
        for (const [breakdown, caption] of [
          ['author', 'Authors'],
          ['story', 'Stories'],
        ] as const) {
          const rows = await rowsOf(`${OCTOBER}&breakdown=${breakdown}&cost=repriced`, caption);
          assert.deepEqual(rows[ana.slice(0, 8)]?.heights, [0, 12, 0, 6, 0], breakdown);
          assert.deepEqual(rows.Total?.heights, [0, 12, 0, 6, 0], breakdown);
        }
      }
    } finally {
      await noPrices();
    }
  });

  it('are none of a window of two bars, of authors and stories before there are rollups, and in no file', async () => {
    for (const path of [
      '/ai-usage?from=2026-10-03T12:00&to=2026-10-03T14:00',
      '/ai-usage/authors?from=2026-10-01&to=2026-10-05',
    ]) {
      const page = await openPage(client, path);
      const captions = page.querySelectorAll('table caption').map(textOf);
      for (const caption of captions) assert.ok(!tableOf(page, caption).head.includes('Trend'), `${path}: ${caption}`);
    }
    const { text } = await client.get(`/ai-usage.csv?from=2026-10-01&to=2026-10-05&table=models`);
    assert.doesNotMatch(text, /trend|course/i);
  });
});
