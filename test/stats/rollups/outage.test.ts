import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeDatabases, openDatabases } from '../../../src/db/connect.ts';
import { databaseUrls } from '../../support/databases.ts';
import { keepRollups } from '../../support/keeping.ts';
import { memoryLog } from '../../support/log.ts';
import { startProxy } from '../../support/proxy.ts';
import { resetUsage } from '../../support/usage.ts';

describe('a database that does not answer for a while', () => {
  before(resetUsage);
  after(resetUsage);

  for (const name of ['workflows', 'backoffice', 'mythoria'] as const) {
    it(`is logged once when it begins and once when it ends, however many ticks meet it: ${name}`, async () => {
      const proxy = await startProxy(databaseUrls()[name]);
      const databases = openDatabases({ ...databaseUrls(), [name]: proxy.url });
      const { log, entries } = memoryLog();
      const keeping = keepRollups(databases, 'Europe/Lisbon', log, { replicas: false, everyMs: 10 });
      const until = async (holds: () => boolean) => {
        const end = performance.now() + 30_000;
        while (!holds()) {
          if (performance.now() > end) throw new Error(JSON.stringify(entries()));
          await sleep(10);
        }
      };
      try {
        proxy.down();
        await until(() => proxy.refused() >= 5);
        proxy.up();
        await until(() => entries().some(({ message }) => String(message).endsWith('answers again')));
      } finally {
        await keeping.stop();
        await closeDatabases(databases);
        await proxy.close();
      }
      const { pathname, port } = new URL(proxy.url);
      const database = `${pathname.slice(1)} at 127.0.0.1:${port}`;
      assert.deepEqual(
        entries().map(({ message, severity }) => ({ message, severity })),
        [
          { severity: 'WARNING', message: `${database} does not answer: what is done by the clock waits for it` },
          { severity: 'WARNING', message: `${database} answers again` },
        ],
      );
    });
  }
});
