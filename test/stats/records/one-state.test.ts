import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { addTime, DAY_OF_24_HOURS, HOUR, MINUTE, now, startOfHour } from '../../../src/units/time.ts';
import type { RecordsJson } from '../../support/api-types.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { integerOf, openJson, openPage, tableOf, tilesOf, totalOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const id = (kind: string, i: number) => `${kind}${i}f2c4d6-0000-4000-8000-000000000000`;
const hour = addTime(startOfHour(now()), -3n * DAY_OF_24_HOURS);
const at = {
  covered: hour + 5n * MINUTE,
  empty: hour + 5n * HOUR,
  live: now() - 5n * MINUTE,
  cut: now() - 7n * DAY_OF_24_HOURS + 10n * MINUTE,
};

const row = (story: number, time: keyof typeof at, more: Partial<UsageRow> = {}): Partial<UsageRow> => ({
  story: id('a', story),
  author: id('b', story % 2),
  at: at[time],
  model: story % 2 ? 'gpt-5' : 'tts-1',
  action: story % 3 ? 'test' : 'image_edit',
  ...more,
});

const CHANGES: Record<string, () => Promise<unknown>> = {
  'a late row of a story of the last minutes, in an hour that has others': () => insertUsage([row(1, 'covered')]),
  'a late row in an hour without any': () => insertUsage([row(2, 'empty')]),
  'a late row of a new story': () => insertUsage([row(7, 'covered')]),
  'the row of a story of the last minutes has gone': () =>
    databases()
      .workflows('token_usage_tracking')
      .where({ story_id: id('a', 3) })
      .where('created_at', '<', new Date(Date.now() - 86_400_000))
      .delete(),
};
const FILTERS = [
  '',
  'model=gpt-5',
  'model=gpt-5&model=tts-1',
  'action=test',
  'action=test&action=image_edit',
  `author=${id('b', 1)}`,
  'search=gpt',
  'search=a1f2c',
  'search=st',
];

const SORTS = ['createdAt', 'aiModel', 'action', 'estimatedCostInEuros'];

function sumsOf(page: HTMLElement, breakdown: string) {
  const tile = (label: string) => tilesOf(page).get(label)?.text ?? '';
  const table = tableOf(page, breakdown);
  return {
    requests: integerOf(tile('Requests')),
    stories: integerOf(tile('Stories')),
    requestsOfTable: integerOf(totalOf(table, 'Requests').text),
    rows: table.rows.length,
  };
}

describe('one page is of one state', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  after(resetUsage);

  for (const [change, perform] of Object.entries(CHANGES))
    it(`after ${change}`, async () => {
      await resetUsage();
      await insertUsage([
        row(1, 'live'),
        row(2, 'covered'),
        row(3, 'covered'),
        row(3, 'live'),
        row(4, 'cut'),
        row(5, 'covered'),
        row(5, 'covered'),
      ]);
      await coverUsage();
      // What a process has read before the change stays in its memory.
      await openPage(client, `/ai-usage?compare=none&period=7d&breakdown=story`);
      await perform();
      for (const filter of FILTERS) {
        const overview = (breakdown: string) =>
          openPage(client, `/ai-usage?compare=none&period=7d&breakdown=${breakdown}&${filter}`);
        const stories = sumsOf(await overview('story'), 'Stories');
        assert.equal(stories.requestsOfTable, stories.requests, filter);
        assert.equal(stories.rows, stories.stories, `stories of ${filter}`);
        const authors = sumsOf(await overview('author'), 'Authors');
        assert.equal(authors.requestsOfTable, authors.requests, filter);
        const lists = SORTS.map(async (sortBy) => {
          const { total, records } = await openJson<RecordsJson>(
            client,
            `/api/ai-usage/records?period=7d&sortBy=${sortBy}&${filter}`,
          );
          assert.equal(total, records.length, `${filter} by ${sortBy}`);
          return records.map(({ tokenUsageId }) => tokenUsageId).sort();
        });
        const [first, ...others] = await Promise.all(lists);
        for (const other of others) assert.deepEqual(other, first, filter);
      }
    });
});
