import assert from 'node:assert/strict';
import {
  addTime,
  compareInstants,
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  isoFromInstant,
  now,
  parseInstant,
} from '../../../src/units/time.ts';
import type { RecordsJson, StatsJson } from '../../support/api-types.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, createClient, signedIn } from '../../support/client.ts';
import { openJson } from '../../support/page.ts';
import { insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const STATS = '/api/ai-usage/stats';
const RECORDS = '/api/ai-usage/records';

const at = (iso: string) => parseInstant(iso) as Instant;

/** The shape of a JSON value: names and types, the types of a list's first item for all of its items. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}

const MODEL = {
  model: 'string',
  provider: 'string',
  inputTokens: 'number',
  outputTokens: 'number',
  totalTokens: 'number',
  totalCost: 'number',
  requests: 'number',
  averageCostPerRequest: 'number',
};

describe('the JSON that existing callers read', () => {
  let client: Client;
  let rows: UsageRow[];
  const story = '5f2c4d61-0000-4000-8000-000000000000';

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const recent = addTime(now(), -HOUR);
    const models = ['gpt-5', 'gpt-5-mini', 'gemini-2.5-pro', 'claude-opus-4', 'imagen-4.0', 'tts-1', 'mystery-9'];
    rows = await insertUsage([
      ...models.map((model, i) => ({ model, cost: 1000 * (7 - i), at: recent, story, action: 'story_outline' })),
      { model: 'gpt-5', cost: 4213, at: addTime(recent, -2n * DAY_OF_24_HOURS), story, action: 'image_edit' },
      { model: 'gpt-5', cost: 9_999_999_999, at: addTime(now(), -31n * DAY_OF_24_HOURS) },
    ]);
  });

  it('stats has every field, each of its type', async () => {
    const stats = await openJson<StatsJson>(client, STATS);
    assert.deepEqual(shapeOf(stats), {
      totalCost: 'number',
      totalTokens: 'number',
      totalInputTokens: 'number',
      totalOutputTokens: 'number',
      totalRequests: 'number',
      requestsWithoutNumber: 'number',
      uniqueStories: 'number',
      averageCostPerRequest: 'number',
      modelBreakdown: [MODEL],
      actionBreakdown: [
        {
          action: 'string',
          totalCost: 'number',
          requests: 'number',
          averageCostPerRequest: 'number',
          inputTokens: 'number',
          outputTokens: 'number',
          uniqueStories: 'number',
          averageCostPerStory: 'number',
        },
      ],
      dailyUsage: [
        {
          date: 'string',
          totalCost: 'number',
          requests: 'number',
          inputTokens: 'number',
          outputTokens: 'number',
          totalTokens: 'number',
        },
      ],
      topModels: [MODEL],
      window: { from: 'string', to: 'string' },
      timeZone: 'string',
      asOf: 'string',
      auditedUntil: 'null',
    });
    assert.equal(stats.timeZone, 'Europe/Lisbon');
    assert.match(stats.dailyUsage[0]?.date ?? '', /^\d{4}-\d\d-\d\d$/);
  });

  it('stats is in order: costs falling, days rising, the first five models on top', async () => {
    const stats = await openJson<StatsJson>(client, STATS);
    assert.deepEqual(
      stats.modelBreakdown.map(({ model }) => model),
      ['gpt-5', 'gpt-5-mini', 'gemini-2.5-pro', 'claude-opus-4', 'imagen-4.0', 'tts-1', 'mystery-9'],
    );
    assert.deepEqual(stats.topModels, stats.modelBreakdown.slice(0, 5));
    assert.deepEqual(
      stats.actionBreakdown.map(({ action, uniqueStories }) => [action, uniqueStories]),
      [
        ['story_outline', 1],
        ['image_edit', 1],
      ],
    );
    const dates = stats.dailyUsage.map(({ date }) => date);
    assert.equal(dates.length, 2);
    assert.deepEqual(dates, [...dates].sort());
  });

  it('stats speaks of the last 30 days unless told otherwise, and of the window it says', async () => {
    const window = async (period: string) => {
      const stats = await openJson<StatsJson>(client, `${STATS}${period}`);
      const { from, to } = stats.window;
      assert.equal(stats.asOf, to);
      return { requests: stats.totalRequests, days: from && Number((at(to) - at(from)) / DAY_OF_24_HOURS) };
    };
    assert.deepEqual(await window(''), { requests: 8, days: 30 });
    assert.deepEqual(await window('?period=1d'), { requests: 7, days: 1 });
    assert.deepEqual(await window('?period=7d'), { requests: 8, days: 7 });
    assert.deepEqual(await window('?period=30d'), { requests: 8, days: 30 });
    assert.deepEqual(await window('?period=90d'), { requests: 9, days: 90 });
    assert.deepEqual(await window('?period=all'), { requests: 9, days: null });
  });

  it('records has every field, each of its type, and no other', async () => {
    const answer = await openJson<RecordsJson>(client, RECORDS);
    assert.deepEqual(shapeOf(answer), {
      records: [
        {
          tokenUsageId: 'string',
          authorId: 'string',
          storyId: 'string',
          action: 'string',
          aiModel: 'string',
          inputTokens: 'number',
          outputTokens: 'number',
          totalTokens: 'number',
          estimatedCostInEuros: 'string',
          createdAt: 'string',
        },
      ],
      total: 'number',
      notInTotal: [],
      page: 'number',
      pageSize: 'number',
      totalPages: 'number',
      after: 'null',
      before: 'null',
      pagesWithoutNumber: 'null',
      asOf: 'string',
    });
    const { total, page, pageSize, totalPages } = answer;
    assert.deepEqual({ total, page, pageSize, totalPages }, { total: 8, page: 1, pageSize: 50, totalPages: 1 });
  });

  it('a record is the row as it was written: euros with six decimals, time to the microsecond', async () => {
    const time = '2026-08-01T10:00:00.000001Z';
    const [row] = await insertUsage([
      { at: at(time), cost: 4213, input: 7, output: 5, model: 'dall-e-3', action: 'image_edit' },
    ]);
    const { records } = await openJson<RecordsJson>(client, `${RECORDS}?from=2026-08-01&to=2026-08-01&model=dall-e-3`);
    assert.deepEqual(records, [
      {
        tokenUsageId: row?.id,
        authorId: row?.author,
        storyId: row?.story,
        action: 'image_edit',
        aiModel: 'dall-e-3',
        inputTokens: 7,
        outputTokens: 5,
        totalTokens: 12,
        estimatedCostInEuros: '0.004213',
        createdAt: time,
      },
    ]);
  });

  it('every cost of a record has six decimals', async () => {
    const { records } = await openJson<RecordsJson>(client, `${RECORDS}?period=90d`);
    assert.ok(records.length >= 9);
    for (const { estimatedCostInEuros } of records) assert.match(estimatedCostInEuros, /^\d+\.\d{6}$/);
    assert.ok(records.some(({ estimatedCostInEuros }) => estimatedCostInEuros === '9999.999999'));
  });

  it('records come newest first, in pages that together are all of them', async () => {
    const pages = await Promise.all(
      [1, 2, 3, 4].map((page) =>
        openJson<RecordsJson>(client, `${RECORDS}?page=${page}&pageSize=3&model=gpt-5&model=tts-1`),
      ),
    );
    assert.deepEqual(
      pages.map(({ records, total, page, totalPages }) => [records.length, total, page, totalPages]),
      [
        [3, 3, 1, 1],
        [0, 3, 2, 1],
        [0, 3, 3, 1],
        [0, 3, 4, 1],
      ],
    );
    const byTwo = await Promise.all(
      [1, 2].map((page) => openJson<RecordsJson>(client, `${RECORDS}?page=${page}&pageSize=4`)),
    );
    const ids = byTwo.flatMap(({ records }) => records.map(({ tokenUsageId }) => tokenUsageId));
    assert.deepEqual(
      [...ids].sort(),
      rows
        .slice(0, 8)
        .map(({ id }) => id)
        .sort(),
    );
    const times = byTwo.flatMap(({ records }) => records.map(({ createdAt }) => at(createdAt)));
    assert.deepEqual(times, [...times].sort(compareInstants).reverse());
  });

  it('every filter works on both', async () => {
    const total = async (filter: string) => {
      const [stats, records] = await Promise.all([
        openJson<StatsJson>(client, `${STATS}?${filter}`),
        openJson<RecordsJson>(client, `${RECORDS}?${filter}`),
      ]);
      assert.equal(stats.totalRequests, records.total, filter);
      return records.total;
    };
    assert.equal(await total('model=gpt-5'), 2);
    assert.equal(await total('model=gpt-5&model=tts-1'), 3);
    assert.equal(await total('action=image_edit'), 1);
    assert.equal(await total('action=image_edit&action=story_outline'), 8);
    assert.equal(await total(`author=${rows[0]?.author}`), 1);
    assert.equal(await total(`story=${story}&model=gpt-5`), 2);
    assert.equal(await total('search=GEMINI'), 1);
    assert.equal(await total(`asOf=${isoFromInstant(addTime(now(), -DAY_OF_24_HOURS))}&model=gpt-5`), 1);
  });

  it('a stranger gets 401 and nothing else', async () => {
    const stranger = createClient((await sharedApp()).origin);
    for (const path of [STATS, RECORDS, `${RECORDS}?page=abc`]) {
      const response = await stranger.get(path);
      assert.equal(response.status, 401);
      assert.deepEqual(response.body, { error: 'Unauthorized' });
    }
  });

  it('an unknown address below /api is a 404 in JSON', async () => {
    const response = await client.get('/api/ai-usage/nothing');
    assert.equal(response.status, 404);
    assert.deepEqual(response.body, { error: 'Not found' });
  });
});
