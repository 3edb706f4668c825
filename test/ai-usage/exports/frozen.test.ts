import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HTMLElement } from 'node-html-parser';
import { frozenNotes } from '../../../src/ai-usage/frame/frozen.ts';
import { parseUsageQuery } from '../../../src/query/query.ts';
import { createFormat } from '../../../src/units/format.ts';
import { microEuros } from '../../../src/units/money.ts';
import { addTime, HOUR, isoFromInstant, now, SECOND } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { signedIn } from '../../support/client.ts';
import { databases, onServer } from '../../support/databases.ts';
import { download } from '../../support/export.ts';
import { linkTo, openPage, recordIds, recordSum, textOf, tilesOf } from '../../support/page.ts';
import { insertUsage, resetUsage, usageRow } from '../../support/usage.ts';

const STORY = 'aaaaaaaa-0000-4000-8000-000000000000';
const AUTHOR = 'bbbbbbbb-0000-4000-8000-000000000000';

describe('a view that is frozen', () => {
  it('keeps its tiles, tables, pages and exports while rows arrive', async () => {
    const { origin, databases: own } = await sharedApp();
    const client = await signedIn(origin);
    await resetUsage();
    await insertUsage(
      Array.from({ length: 300 }, (_, i) => ({ cost: 1 + i, at: now() - BigInt(i) * HOUR - 10n * SECOND })),
    );
    let writing = true;
    // The embedded database is one session: its writer takes its turn on the app's own connection.
    const workflows = onServer() ? databases().workflows : own.workflows;
    const writer = (async () => {
      while (writing) {
        await insertUsage([usageRow({ at: now() }), usageRow({ at: addTime(now(), -SECOND) })], workflows);
        await sleep(5);
      }
    })();
    try {
      const asOf = `asOf=${isoFromInstant(addTime(now(), -5n * SECOND))}`;
      const read = async () => {
        const overview = await openPage(client, `/ai-usage?${asOf}`);
        const records = await openPage(client, `/ai-usage/records?pageSize=25&${asOf}`);
        const second = await openPage(client, `/ai-usage/records?pageSize=25&page=2&${asOf}`);
        const link = records.querySelector('a[rel="next"]')?.getAttribute('href');
        assert.ok(link, 'a page of 25 of 300 has a next one');
        const next = await openPage(client, link);
        const { text } = await download(origin, client, `/ai-usage/records.csv?${asOf}`);
        const tables = await download(origin, client, `/ai-usage.json?${asOf}`);
        return {
          tiles: [...tilesOf(overview)],
          tables: overview.querySelectorAll('table').map((table) => table.text),
          sum: recordSum(records),
          first: recordIds(records),
          second: recordIds(second),
          next: recordIds(next),
          csv: text,
          json: JSON.parse(tables.text).tables,
        };
      };
      const first = await read();
      assert.deepEqual(first.next, first.second);
      for (let i = 0; i < 4; i++) {
        await sleep(100);
        assert.deepEqual(await read(), first);
      }
    } finally {
      writing = false;
      await writer;
      await resetUsage();
    }
  });

  it('says by how much it has changed where records of before are written later, or deleted', async () => {
    const client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const row = { story: STORY, author: AUTHOR, at: addTime(now(), -HOUR), cost: 1_000_000 };
    await insertUsage([row, row]);
    const note = (page: HTMLElement) =>
      page
        .querySelectorAll('.notice')
        .map(textOf)
        .filter((text) => text.includes('since the link was made'));
    const paths = [
      '/ai-usage',
      '/ai-usage?period=7d&model=gpt-5&by=action',
      '/ai-usage/records?sortBy=estimatedCostInEuros',
      `/ai-usage/stories/${STORY}`,
      `/ai-usage/authors/${AUTHOR}`,
      '/ai-usage/models/gpt-5',
      '/ai-usage/actions/chapter_writing',
    ];
    const links: string[] = [];
    for (const path of paths) {
      const link = linkTo(await openPage(client, path), 'a.frozen') ?? '';
      assert.deepEqual(note(await openPage(client, link)), [], link);
      links.push(link);
    }
    const later = await insertUsage([{ ...row, cost: 250_000 }]);
    for (const link of links) {
      const page = await openPage(client, link);
      assert.match(note(page).join(), /: \+1 record, \+€0\.25\./, link);
      // Another view is not what was counted; the way to the raw rows leads back to this one.
      for (const other of page.querySelectorAll('main a').map((a) => a.getAttribute('href') ?? ''))
        if (other !== linkTo(page, 'a.frozen') && !other.includes('/tie-out?')) assert.doesNotMatch(other, /counted=/);
    }
    const gone = later.map(({ id }) => id);
    await databases().workflows('token_usage_tracking').whereIn('token_usage_id', gone).delete();
    for (const link of links) assert.deepEqual(note(await openPage(client, link)), [], link);
    await databases().workflows('token_usage_tracking').delete();
    assert.match(note(await openPage(client, links[0] ?? '')).join(), /: −2 records, −€2\.00\./);
    await resetUsage();
  });

  it('says so too where one record came and one went: as many of another cost, or as much of others', () => {
    const format = createFormat('en-GB', 'Europe/Lisbon');
    const limits = { maxPageSize: 1, timeZone: 'Europe/Lisbon' };
    const query = parseUsageQuery({ asOf: '2026-10-31T10:00:00Z', counted: '12~3.400000' }, limits, now());
    const notes = (requests: number, cost: number) => frozenNotes(query, { requests, cost: microEuros(cost) }, format);
    assert.deepEqual(notes(12, 3_400_000), []);
    assert.equal(notes(12, 3_400_001).length, 1);
    assert.equal(notes(13, 3_400_000).length, 1);
  });
});
