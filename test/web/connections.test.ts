import assert from 'node:assert/strict';
import { startApp } from '../support/app.ts';
import { ANA, createClient, location, SAME_ORIGIN, signedIn, untilCallback } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { healing, held } from '../support/held.ts';
import { wordsOf } from '../support/html.ts';
import { needsServer } from '../support/skip.ts';
import { until } from '../support/until.ts';
import { APIS, assertUnavailable, PAGES } from './unavailable.ts';

describe('when a database server ends every connection', () => {
  const opened = closing();
  before(function () {
    needsServer(this);
  });

  const terminateAll = () =>
    databases().backoffice.raw(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'mythoria-admin' AND pid <> pg_backend_pid() AND datname = ANY(?)`,
      [Object.values(databaseUrls()).map((url) => new URL(url).pathname.slice(1))],
    );

  it('under load: answers are right or 503, and all is well at once', async () => {
    const app = await opened(startApp());
    const ana = await signedIn(app.origin);
    const statuses = new Map<number, number>();
    let stop = false;
    const load = Array.from({ length: 6 }, async (_, i) => {
      const paths = [...PAGES, ...APIS, '/account/sessions', '/readyz'];
      while (!stop) {
        const { status } = await ana.get(paths[i] ?? '/');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await terminateAll();
    }
    stop = true;
    await Promise.all(load);
    assert.deepEqual(
      [...statuses.keys()].filter((status) => status !== 200 && status !== 503),
      [],
    );
    assert.ok((statuses.get(200) ?? 0) > 0);
    const healedMs = await healing(async () => {
      for (const path of [...PAGES, ...APIS, '/account/sessions', '/readyz']) {
        const answer = await ana.get(path);
        assert.equal(answer.status, 200, path);
        assert.equal(wordsOf(answer, '.panel.failed'), null);
      }
    });
    assert.ok(healedMs < 5_000, `${healedMs} ms`);
    const errors = statuses.get(503) ?? 0;
    held(import.meta.filename, {
      fault: 'a database server ends every connection, ten times under load',
      ...{ requests: [...statuses.values()].reduce((sum, times) => sum + times, 0), errors, healedMs, losses: 0 },
    });
    assert.equal(location(await ana.get('/')), '/ai-usage', 'nobody was signed out');
  });

  it('while they lie idle: the process lives and the next request finds new ones', async () => {
    const app = await opened(startApp());
    const ana = await signedIn(app.origin);
    await ana.get('/ai-usage');
    await terminateAll();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(wordsOf(await ana.get('/ai-usage'), '.panel.failed'), null);
  });
});

describe('while a database takes no connections for now', () => {
  const opened = closing();
  before(function () {
    needsServer(this);
  });

  for (const closed of ['backoffice', 'workflows', 'mythoria'] as const) {
    it(`an answer is a 503 or a page that says so, and never a 500: ${closed}_db`, async () => {
      const app = await opened(startApp());
      const ana = await signedIn(app.origin);
      const beside = closed === 'workflows' ? databases().backoffice : databases().workflows;
      const name = new URL(databaseUrls()[closed]).pathname.slice(1);
      await beside.raw('ALTER DATABASE ?? ALLOW_CONNECTIONS false', [name]);
      try {
        await beside.raw('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?', [name]);
        await until(
          async () => (await beside('pg_stat_activity').where('datname', name)).length === 0,
          'nobody is there',
        );
        for (const path of [...PAGES, ...APIS, '/ai-usage/records.csv', '/account/sessions', '/audit']) {
          const answer = await ana.get(path);
          if (answer.status !== 200) assertUnavailable(answer);
          if (closed === 'backoffice') assert.equal(answer.status, 503, path);
        }
        if (closed === 'backoffice') {
          const stranger = createClient(app.origin);
          assertUnavailable(await stranger.get(await untilCallback(stranger, ANA)));
          assertUnavailable(await ana.post('/sign-out', SAME_ORIGIN));
        }
      } finally {
        await beside.raw('ALTER DATABASE ?? ALLOW_CONNECTIONS true', [name]);
      }
      for (const path of [...PAGES, ...APIS]) assert.equal((await ana.get(path)).status, 200, path);
    });
  }
});

describe('while statistics take every connection they may have', () => {
  const opened = closing();
  before(function () {
    needsServer(this);
  });

  it('sign-in, sessions and health do not wait for them', async () => {
    const app = await opened(startApp());
    const { client } = app.databases.workflows;
    const taken = await Promise.all(Array.from({ length: 8 }, async () => client.acquireConnection()));
    const ana = await signedIn(app.origin);
    assert.equal((await ana.get('/account/sessions')).status, 200);
    assert.equal((await ana.get('/readyz')).status, 200);
    assert.equal(client.pool.numFree(), 0);
    for (const connection of taken) await client.releaseConnection(connection);
  });
});
