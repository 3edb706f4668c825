import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { type RunningApp, startApp } from '../support/app.ts';
import { ANA, type Client, HTMX_FRAGMENT, RUI, SAME_ORIGIN, sameSession, signedIn } from '../support/client.ts';
import { fillPages, PAGES } from '../support/every-page.ts';
import { PUBLIC, routesOf } from '../support/routes.ts';

/** What readers may look at; a new page is added here or to `FOR_ADMINS`. Files and JSON are asked by what they are of. */
const FOR_READERS = [
  ...['/', '/account', '/account/tokens', '/audit', '/account/sessions', '/budgets', '/budgets/:id'],
  ...['/alerts', '/alerts/:id', '/alerts/channels', '/alerts/channels/:id'],
  ...['/alerts/rules', '/alerts/rules/:id', '/alerts/rules/rehearsal'],
  ...['/ai-usage', '/ai-usage/records', '/ai-usage/records/:id', '/ai-usage/statement', '/ai-usage/tie-out'],
  ...['/ai-usage/repriced', '/what-if', '/ai-usage/unit-costs', '/api/ai-usage/unit-costs'],
  ...['/ai-usage/explore', '/api/ai-usage/explore'],
  ...['/ai-usage/models', '/ai-usage/actions', '/ai-usage/providers', '/ai-usage/authors', '/ai-usage/stories'],
  ...['/ai-usage/stories/:name', '/ai-usage/authors/:name', '/ai-usage/models/:name', '/ai-usage/actions/:name'],
  ...['/api/ai-usage/stats', '/api/ai-usage/records', '/api/budgets', '/api/budgets/:id', '/api/alerts'],
  ...['/api/alerts/:id', '/api/alerts/channels', '/api/alerts/channels/:id', '/api/alerts/rules'],
  ...['/api/alerts/rules/:id', '/views', '/views/new', '/views/:id', '/api/views', '/api/views/:id'],
  ...['/ai-usage/notes', '/ai-usage/notes/new', '/ai-usage/notes/:id', '/api/notes', '/api/notes/:id'],
  ...['/findings', '/findings/:id', '/api/findings', '/api/findings/:id'],
  ...['/rates', '/prices', '/prices/:id', '/api/prices', '/api/prices/proposals', '/api/prices/:id'],
  ...['/bills', '/bills/:name', '/api/bills', '/api/bills/:name'],
];
const FOR_ADMINS = [
  '/account/sessions/everyone',
  '/account/tokens/everyone',
  ...['/prices/proposals', '/prices/proposals/dismissed', '/prices/proposals/:id', '/bills/new', '/bills/import'],
  ...['/system', '/budgets/new', '/prices/new', '/prices/import', '/alerts/rules/new', '/alerts/channels/new'],
  ...['/ai-usage/records/:id/prompt', '/ai-usage/records/:id/prompt.json'],
];
/** What readers may change: their own, views and notes among it, and answers to an alert. All other changes are admins'. */
const CHANGES_OF_READERS = [
  ...['/account/sessions/:id/end', '/account/sessions/end-others'],
  ...['/account/tokens', '/account/tokens/:id/revoke'],
  ...['/views', '/views/start', '/views/:id', '/views/:id/delete', '/views/:id/star', '/views/:id/unstar'],
  ...['/views/:id/move', '/api/views', '/api/views/:id'],
  ...['/ai-usage/notes', '/ai-usage/notes/:id', '/ai-usage/notes/:id/delete', '/api/notes', '/api/notes/:id'],
  ...['/sign-out', '/account/sessions/end-all', '/account', '/api/alerts/rehearse'],
  ...['acknowledge', 'snooze', 'feedback'].flatMap((answer) => [`/alerts/:id/${answer}`, `/api/alerts/:id/${answer}`]),
];

const ID = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const addressOf = (path: string) => path.replace(/:\w+/g, ID);
const isFile = (path: string) => /\.(csv|xlsx|json|ndjson)$/.test(path);
const REFUSED = `Only admins may do this: ${ANA}, somebody@mythoria.pt.`;

describe('readers, where ADMIN_EMAILS names admins', () => {
  let app: RunningApp;
  let reader: Client;
  let admin: Client;
  let record: string;
  let routes: { method: string; path: string }[];
  before(async () => {
    record = await fillPages();
    app = await startApp({ variables: { ADMIN_EMAILS: ' Ana.Sousa@Mythoria.pt , somebody@mythoria.pt,' } });
    reader = await signedIn(app.origin, RUI);
    admin = await signedIn(app.origin, ANA);
    routes = routesOf(app.express)
      .filter((route) => !PUBLIC.includes(route))
      .map((route) => ({ method: route.split(' ')[0] ?? '', path: route.split(' ')[1] ?? '' }))
      // For tokens alone.
      .filter(({ path }) => path !== '/metrics');
  });

  after(() => app.close());

  const pages = () =>
    routes.filter(({ method, path }) => method === 'GET' && (!isFile(path) || FOR_ADMINS.includes(path)));
  const ask = (client: Client, method: string, path: string) =>
    client.json(method.toLowerCase() as 'get', addressOf(path), method === 'GET' ? undefined : {});

  it('look at every page that is theirs and at no other, and each page is one or the other', async () => {
    assert.deepEqual(
      [...new Set(pages().map(({ path }) => path))].sort(),
      [...FOR_READERS, ...FOR_ADMINS].sort(),
      'a new page is for readers or for admins: say which in test/auth/roles.test.ts, and in src/auth/access/roles.ts',
    );
    for (const { path } of pages()) {
      const { status } = await reader.get(addressOf(path));
      if (FOR_ADMINS.includes(path)) assert.equal(status, 403, path);
      else assert.ok([200, 302, 404].includes(status), `${path}: ${status}`);
    }
  });

  it('change nothing but what is their own, by form, JSON or any method, with words that say who may', async () => {
    const changes = routes.filter(({ method }) => method !== 'GET');
    for (const own of CHANGES_OF_READERS)
      assert.ok(
        changes.some(({ path }) => path === own),
        `${own} is no route`,
      );
    const closed = changes.filter(({ path }) => !CHANGES_OF_READERS.includes(path));
    assert.ok(closed.length > 20);
    for (const { method, path } of closed) {
      const answer = await ask(reader, method, path);
      assert.equal(answer.status, 403, `${method} ${path}`);
      assert.deepEqual(answer.body, { error: REFUSED });
      assert.notEqual((await ask(admin, method, path)).status, 403, `${method} ${path} as an admin`);
    }
    for (const method of ['post', 'put', 'delete', 'patch'] as const)
      assert.equal((await reader.json(method as 'post', '/no/such/thing', {})).status, 403, method);
    for (const path of CHANGES_OF_READERS.filter((own) => own.includes('alerts')))
      assert.notEqual((await ask(reader, 'POST', path)).status, 403, path);
  });

  it('are refused however an address is written, as a fragment too, and told on a page', async () => {
    for (const path of [
      '/SYSTEM',
      '/system/',
      `/ai-usage/records/${record}/prompt/`,
      `/AI-Usage/Records/${record}/Prompt`,
    ]) {
      const answer = await reader.get(path);
      assert.equal(answer.status, 403, path);
      assert.match(parse(answer.text).querySelector('main')?.text ?? '', new RegExp(REFUSED));
      assert.equal((await reader.get(path, HTMX_FRAGMENT)).status, 403, path);
    }
    for (const path of [
      '/ai-usage/records.csv?include=prompt',
      '/ai-usage/records.ndjson?include=prompt&model=gpt-5',
      '/AI-USAGE/records.json?&amp;include=prompt',
    ]) {
      assert.equal((await reader.get(path)).status, 403, path);
      assert.equal((await admin.get(path)).status, 200, path);
    }
    assert.equal((await reader.get('/ai-usage/records.csv?include=')).status, 200);
  });

  it('are shown no form, button or link that would refuse them, on any page', async () => {
    let forms = 0;
    const asked = new Map<string, number>();
    for (const [name, path] of Object.entries(PAGES)) {
      const page = parse((await reader.get(path.replace('{record}', record))).text);
      for (const form of page.querySelectorAll('form[method=post]')) {
        const action = form.getAttribute('action') ?? '';
        // They would end what it looks with.
        if (action === '/sign-out' || action.startsWith('/account/sessions')) continue;
        forms += 1;
        const { status } = await reader.post(action, {
          ...SAME_ORIGIN,
          'Content-Type': 'application/x-www-form-urlencoded',
        });
        assert.notEqual(status, 403, `${name} has a form to ${action}`);
      }
      for (const link of page.querySelectorAll('a[href^="/"], [hx-get]')) {
        const href = (link.getAttribute('href') ?? link.getAttribute('hx-get') ?? '').split('?')[0] ?? '';
        if (isFile(href) || asked.has(href)) continue;
        asked.set(href, (await reader.get(href)).status);
        assert.notEqual(asked.get(href), 403, `${name} has a link to ${href}`);
      }
    }
    assert.ok(forms > 2 && asked.size > 30, `${forms} forms, ${asked.size} links`);
    const shown = async (client: Client, path: string, selector: string) =>
      parse((await client.get(path)).text).querySelectorAll(selector).length;
    assert.equal(await shown(reader, PAGES['channel-webhook'] ?? '', 'code'), 0, 'the key of its signatures');
    assert.equal(await shown(admin, PAGES['channel-webhook'] ?? '', 'code'), 1);
    assert.equal(await shown(admin, '/budgets', 'a[href="/budgets/new"]'), 1);
  });

  it('whoever is taken off the list is one with the next start, in the same session', async () => {
    const variables = { ADMIN_EMAILS: 'somebody@mythoria.pt' };
    const anew = await startApp({ variables });
    try {
      const moved = sameSession(admin, anew.origin);
      assert.equal((await admin.get('/system')).status, 200);
      assert.equal((await moved.get('/ai-usage')).status, 200, 'the session goes on');
      assert.equal((await moved.get('/system')).status, 403);
      assert.equal((await moved.json('post', '/api/budgets', {})).status, 403);
    } finally {
      await anew.close();
    }
  });
});
