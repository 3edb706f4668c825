import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parse } from 'node-html-parser';
import { addTime, DAY_OF_24_HOURS, now } from '../../src/units/time.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { type Client, createClient, HTMX_FRAGMENT, signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { healing, held } from '../support/held.ts';
import { wordsOf } from '../support/html.ts';
import { startProxy } from '../support/proxy.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';
import { APIS, assertFailedPanel, assertUnavailable, NOWHERE, PAGES } from './unavailable.ts';

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
    const healedMs = await healing(async () => {
      assert.equal(wordsOf(await ana.get('/ai-usage'), '.panel.failed'), null);
      assert.equal((await createClient(app.origin).get('/readyz')).status, 200);
    });
    const requests = pages.length + 2;
    const fault = 'workflows_db takes connections and says nothing';
    held(import.meta.filename, { fault, requests, errors: requests, healedMs, losses: 0 });
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
