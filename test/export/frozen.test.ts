import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR, isoFromInstant, now, SECOND } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { signedIn } from '../support/client.ts';
import { databases, onServer } from '../support/databases.ts';
import { download } from '../support/export.ts';
import { openPage, recordIds, recordSum, tilesOf } from '../support/page.ts';
import { insertUsage, resetUsage, usageRow } from '../support/usage.ts';

describe('a view that is frozen', function () {
  this.timeout(60_000);

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
        await insertUsage([usageRow({ at: now() }), usageRow({ at: now() - SECOND })], workflows);
        await sleep(5);
      }
    })();
    try {
      const asOf = `asOf=${isoFromInstant(now() - 5n * SECOND)}`;
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
});
