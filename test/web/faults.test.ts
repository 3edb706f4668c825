import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parse } from 'node-html-parser';
import type { Response } from 'supertest';
import { addTime, DAY_OF_24_HOURS, isoFromInstant, MINUTE, now } from '../../src/units/time.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import {
  ANA,
  type Client,
  createClient,
  HTMX_FRAGMENT,
  location,
  SAME_ORIGIN,
  signedIn,
  signIn,
  untilCallback,
} from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { linkTo, wordsOf } from '../support/html.ts';
import { memoryLog } from '../support/log.ts';
import { startProxy } from '../support/proxy.ts';
import { changeSession } from '../support/session.ts';
import { needsServer } from '../support/skip.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

/** Nothing listens there: a connection is refused at once. */
const NOWHERE = 'postgres://postgres@127.0.0.1:1/nowhere';

const PAGES = ['/ai-usage?period=7d', '/ai-usage/records?period=7d&sortBy=aiModel'];
const APIS = ['/api/ai-usage/stats', '/api/ai-usage/records'];

const assertFailedPanel = (page: Response, path: string) => {
  assert.equal(page.status, 200, path);
  assert.equal(wordsOf(page, '.panel.failed p'), 'The database does not answer right now.');
  assert.equal(linkTo(page, 'Try again'), path);
  assert.ok(wordsOf(page, '.filter-bar'), 'one can still choose another period');
};

const assertUnavailable = (answer: Response) => {
  assert.equal(answer.status, 503);
  assert.equal(answer.headers['retry-after'], '5');
};

describe('while workflows_db is down', () => {
  let app: RunningApp;
  let ana: Client;
  before(async () => {
    app = await startApp({ urls: { workflows: NOWHERE } });
    ana = await signedIn(app.origin);
  });
  after(() => app.close());

  it('one can sign in, and the pages live with a panel that offers a retry', async () => {
    for (const path of PAGES) {
      assertFailedPanel(await ana.get(path), path);
      const fragment = await ana.get(path, HTMX_FRAGMENT);
      assertFailedPanel(fragment, path);
      assert.doesNotMatch(fragment.text, /<html/);
    }
  });

  it('a single record is a 503 page, and the API a 503 in JSON', async () => {
    const page = await ana.get(`/ai-usage/records/${randomUUID()}`);
    assertUnavailable(page);
    assert.equal(wordsOf(page, 'h1'), 'The database does not answer');
    for (const path of APIS) {
      const api = await ana.get(path);
      assertUnavailable(api);
      assert.deepEqual(Object.keys(api.body), ['error', 'id']);
      assert.equal(api.body.error, 'Please try again in a moment.');
    }
  });

  it('is said by /readyz, while /healthz says that the process is well', async () => {
    const ready = await createClient(app.origin).get('/readyz');
    assert.equal(ready.status, 503);
    assert.deepEqual(ready.body, { status: 'unavailable', workflows: 'unavailable', backoffice: 'ok' });
    assert.equal((await createClient(app.origin).get('/healthz')).status, 200);
    assert.equal((await createClient((await sharedApp()).origin).get('/readyz')).status, 200);
  });

  it('a bad parameter is still the person’s to mend', async () => {
    assert.equal((await ana.get('/ai-usage?period=never')).status, 400);
  });
});

describe('while the rollups cannot be read', () => {
  const opened = closing();
  before(async () => {
    await resetUsage();
    await insertUsage([{ at: addTime(now(), -3n * DAY_OF_24_HOURS) }]);
    await coverUsage();
  });
  after(resetUsage);

  it('/readyz says that statistics are not answered, and when they are again', async () => {
    const { backoffice } = databases();
    const app = await opened(startApp());
    const client = createClient(app.origin);
    await backoffice.raw('ALTER TABLE usage_days RENAME TO usage_days_away');
    try {
      const ready = await client.get('/readyz');
      assert.equal((await (await signedIn(app.origin)).get('/api/ai-usage/stats')).status >= 500, true);
      assert.deepEqual([ready.status, ready.body.status, ready.body.statistics], [503, 'unavailable', 'unavailable']);
    } finally {
      await backoffice.raw('ALTER TABLE usage_days_away RENAME TO usage_days');
    }
    assert.equal((await client.get('/readyz')).status, 200);
  });
});

describe('while workflows_db is silent', () => {
  const opened = closing();

  it('nobody waits for ever, and all is well once it answers', async () => {
    const proxy = await opened(startProxy(databaseUrls().workflows));
    const app = await opened(startApp({ urls: { workflows: proxy.url } }));
    const ana = await signedIn(app.origin);
    proxy.hold();
    const started = performance.now();
    const [pages, api, ready] = await Promise.all([
      Promise.all(PAGES.map((path) => ana.get(path))),
      ana.get('/api/ai-usage/stats'),
      createClient(app.origin).get('/readyz'),
    ]);
    assert.ok(performance.now() - started < 3_800, 'a connection is waited for once, two seconds');
    pages.forEach((page, i) => {
      assertFailedPanel(page, PAGES[i] ?? '');
    });
    assertUnavailable(api);
    assert.equal(ready.status, 503);
    proxy.release();
    assert.equal(wordsOf(await ana.get('/ai-usage'), '.panel.failed'), null);
    assert.equal((await createClient(app.origin).get('/readyz')).status, 200);
  });
});

describe('while mythoria_db is down', () => {
  const opened = closing();
  let row: UsageRow | undefined;
  before(async () => {
    await resetUsage();
    [row] = await insertUsage([{}]);
    await databases()
      .mythoria('authors')
      .insert({ author_id: row?.author, display_name: 'Marta Pires', email: 'marta@example.com' });
    await databases().mythoria('stories').insert({ story_id: row?.story, author_id: row?.author, title: 'O farol' });
  });
  after(resetUsage);

  it('names last seen or ids stand for names, a note says so, and the numbers are all there', async () => {
    const { origin } = await sharedApp();
    const healthy = await (await signedIn(origin)).get('/ai-usage/records');
    assert.match(healthy.text, /Marta Pires/);
    assert.match(healthy.text, /O farol/);
    assert.equal(wordsOf(healthy, '.notice'), null);

    const app = await opened(startApp({ urls: { mythoria: NOWHERE } }));
    const ana = await signedIn(app.origin);
    const remembered = await ana.get('/ai-usage/records');
    assert.match(remembered.text, /Marta Pires/);
    assert.match(remembered.text, /O farol/);
    await databases().backoffice('known_names').delete();
    const records = await ana.get('/ai-usage/records');
    assert.equal(records.status, 200);
    assert.equal(wordsOf(records, '.sum b'), '1');
    const cells = parse(records.text).querySelector('tbody')?.textContent ?? '';
    for (const id of [row?.author, row?.story]) assert.ok(id && cells.includes(id.slice(0, 8)), 'short ids');
    assert.doesNotMatch(records.text, /Marta Pires|O farol/);
    assert.match(wordsOf(records, '.notice') ?? '', /names of authors and stories do not answer right now/);

    const record = await ana.get(`/ai-usage/records/${row?.id}`);
    assert.equal(record.status, 200);
    assert.ok(record.text.includes(row?.author ?? '?'));
    const found = await ana.get('/ai-usage?search=gpt');
    assert.match(wordsOf(found, '.notice') ?? '', /the search looked at models, actions, ids and the names last seen/);
    assert.equal((await ana.get('/api/ai-usage/records')).body.total, 1);
    assert.equal((await createClient(app.origin).get('/readyz')).status, 200, 'nothing that one could not do without');
  });
});

describe('while backoffice_db is down', () => {
  const opened = closing();

  it('someone signed in gets a 503, is not sent to sign in, and is still signed in afterwards', async () => {
    const proxy = await opened(startProxy(databaseUrls().backoffice));
    const app = await opened(startApp({ urls: { backoffice: proxy.url } }));
    const ana = await signedIn(app.origin);
    proxy.down();
    for (const path of [...PAGES, '/sessions', '/sign-in']) {
      const page = await ana.get(path);
      assertUnavailable(page);
      assert.equal(linkTo(page, 'Try again'), path);
      assert.equal(wordsOf(page, '.account'), null);
    }
    for (const path of APIS) assert.equal((await ana.get(path)).body.error, 'Please try again in a moment.');
    const stillIn = await ana.post('/sign-out', SAME_ORIGIN);
    assertUnavailable(stillIn);
    const again = parse(stillIn.text).querySelector('main form');
    assert.equal(again?.querySelector('button')?.textContent, 'Try again');
    assert.equal(again.getAttribute('method'), 'post', 'a link would lead to no page, and leave one signed in');
    const stranger = createClient(app.origin);
    assert.deepEqual((await stranger.get('/readyz')).body, {
      status: 'unavailable',
      workflows: 'ok',
      backoffice: 'unavailable',
    });
    assert.equal((await stranger.get('/healthz')).status, 200);
    assert.equal((await stranger.get('/sign-in')).status, 200);
    const callback = await untilCallback(stranger, ANA);
    assertUnavailable(await stranger.get(callback));
    assert.equal(stranger.cookies.has('mythoria-session'), false);

    proxy.up();
    assert.equal((await ana.get('/ai-usage')).status, 200);
    assert.equal((await signIn(stranger)).status, 302);
    assert.equal(location(await ana.post(again.getAttribute('action') ?? '', SAME_ORIGIN)), '/sign-in');
    assert.equal((await ana.get('/sessions')).status, 302, 'signed out, at the second try');
  });

  it('also behind a socket file that is gone', async () => {
    const app = await opened(
      startApp({ urls: { backoffice: 'postgres://postgres@%2Fno%2Fsuch%2Ffolder/backoffice' } }),
    );
    const ana = createClient(app.origin);
    for (const [name, value] of (await signedIn((await sharedApp()).origin)).cookies) ana.cookies.set(name, value);
    assertUnavailable(await ana.get('/ai-usage'));
  });

  it('a page that was ready stays whole, though its session cannot be touched', async () => {
    const backoffice = await opened(startProxy(databaseUrls().backoffice));
    const workflows = await opened(startProxy(databaseUrls().workflows));
    const { log, entries } = memoryLog();
    const app = await opened(startApp({ urls: { backoffice: backoffice.url, workflows: workflows.url }, log }));
    const ana = await signedIn(app.origin);
    const id = randomUUID();
    for (const [path, status] of [
      [`/ai-usage/records?story=${id}`, 200],
      [`/ai-usage/records/${id}`, 404],
    ] as const) {
      await changeSession(ana, { expire: isoFromInstant(addTime(now(), 30n * MINUTE)) });
      const asked = workflows.hold(id);
      const page = ana.get(path);
      await asked;
      backoffice.down();
      workflows.release();
      const answer = await page;
      assert.equal(answer.status, status);
      assert.match(answer.text, /<\/html>\s*$/);
      assert.equal(entries().at(-1)?.status, status);
      backoffice.up();
    }
    assert.deepEqual(
      entries().filter(({ msg }) => msg === 'The database does not answer'),
      [],
    );
  });
});

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
      const paths = [...PAGES, ...APIS, '/sessions', '/readyz'];
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
    for (const path of [...PAGES, ...APIS, '/sessions', '/readyz']) {
      const answer = await ana.get(path);
      assert.equal(answer.status, 200, path);
      assert.equal(wordsOf(answer, '.panel.failed'), null);
    }
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
        await until(async () => (await beside('pg_stat_activity').where('datname', name)).length === 0);
        for (const path of [...PAGES, ...APIS, '/ai-usage/records.csv', '/sessions', '/audit']) {
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

  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
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
    assert.equal((await ana.get('/sessions')).status, 200);
    assert.equal((await ana.get('/readyz')).status, 200);
    assert.equal(client.pool.numFree(), 0);
    for (const connection of taken) await client.releaseConnection(connection);
  });
});
