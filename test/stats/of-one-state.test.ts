import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { DAY_OF_24_HOURS, MINUTE, now } from '../../src/units/time.ts';
import { startApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databaseUrls } from '../support/databases.ts';
import { microOf, openJson, openPage, tableOf, tilesOf, totalOf } from '../support/page.ts';
import { startProxy } from '../support/proxy.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const STORY = 'a1f2c4d6-0000-4000-8000-000000000000';
const AUTHOR = 'b1f2c4d6-0000-4000-8000-000000000000';
const WEEK = 'period=7d&compare=none';

/** Of a whole day that the rollups have, three days ago. */
const row = (more: Partial<UsageRow> = {}): Partial<UsageRow> => ({
  story: STORY,
  author: AUTHOR,
  at: now() - 3n * DAY_OF_24_HOURS,
  cost: 1_000_000,
  ...more,
});

/** Captions and the columns whose totals are the cost of everything. */
const TABLES: Record<string, [caption: string, column: string]> = {
  story: ['Stories', 'Cost'],
  author: ['Authors', 'Cost'],
  hour: ['Hours of the week', 'Total'],
};
const overview = (client: Client, breakdown: string, of = WEEK) =>
  openPage(client, `/ai-usage?${of}&breakdown=${breakdown}`);

/** The tile and a table below it say the same; returns what. */
function oneCostOf(page: HTMLElement, [caption, column]: [string, string], what: string): number {
  const tile = microOf(tilesOf(page).get('Total cost')?.exact ?? '');
  assert.equal(totalOf(tableOf(page, caption), column).micro, tile, what);
  return tile;
}

describe('what one page reads is of one state', () => {
  const opened = closing();
  beforeEach(async () => {
    await resetUsage();
    await insertUsage([row(), row(), row({ at: now() - 20n * DAY_OF_24_HOURS })]);
    await coverUsage();
  });
  after(resetUsage);

  it('though others have read some of it seconds ago, and a late record has been counted since', async () => {
    const app = await opened(startApp({ reuseForMs: 60_000 }));
    const client = await signedIn(app.origin);
    await overview(client, 'provider');
    await openPage(client, `/ai-usage/authors/${AUTHOR}?period=7d`);
    await insertUsage([row({ cost: 5_000_000 })]);
    await coverUsage();
    for (const [breakdown, table] of Object.entries(TABLES))
      oneCostOf(await overview(client, breakdown), table, breakdown);
    for (const of of ['models/gpt-5', 'actions/chapter_writing', `authors/${AUTHOR}`])
      oneCostOf(await openPage(client, `/ai-usage/${of}?period=7d`), ['Top stories', 'Cost'], of);
  });

  it('nor does one row of the last minutes stand in one panel alone, which was committed between them', async () => {
    const app = await opened(startApp({ reuseForMs: 60_000 }));
    const client = await signedIn(app.origin);
    await overview(client, 'provider');
    await insertUsage([row({ at: now() - MINUTE, cost: 5_000_000 })]);
    for (const [breakdown, table] of Object.entries(TABLES))
      oneCostOf(await overview(client, breakdown), table, breakdown);
  });

  it('though the rollups change while it is being read', async () => {
    const proxy = await opened(startProxy(databaseUrls().backoffice));
    const app = await opened(startApp({ urls: { backoffice: proxy.url }, reuseForMs: 60_000 }));
    const client = await signedIn(app.origin);
    // What each story had of the day is in memory from here on, how many stories a week has is not.
    await overview(client, 'story', 'period=30d&compare=none');
    const held = proxy.hold('FROM story_days');
    const reading = overview(client, 'story');
    await held;
    await insertUsage([row({ cost: 5_000_000 })]);
    await coverUsage();
    proxy.release();
    assert.equal(oneCostOf(await reading, ['Stories', 'Cost'], 'story'), 7_000_000);
  });

  it('as are the tables of one file', async () => {
    const proxy = await opened(startProxy(databaseUrls().backoffice));
    const app = await opened(startApp({ urls: { backoffice: proxy.url } }));
    const client = await signedIn(app.origin);
    await overview(client, 'story', 'period=30d&compare=none');
    const held = proxy.hold('FROM story_days');
    type Tables = Record<'models' | 'breakdown', { cost: string }[]>;
    const reading = openJson<{ tables: Tables }>(client, `/ai-usage.json?${WEEK}&breakdown=story`);
    await held;
    await insertUsage([row({ cost: 5_000_000 })]);
    await coverUsage();
    proxy.release();
    const { models, breakdown } = (await reading).tables;
    assert.deepEqual([models[0]?.cost, breakdown[0]?.cost], ['7.000000', '7.000000']);
  });
});
