import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'node-html-parser';
import { findingId } from '../../src/findings/finding.ts';
import { ORDER_AND_PAGE, PAGE_PARAMETERS, PARAMETERS, WHICH_RECORDS } from '../../src/query/query.ts';
import { type RunningApp, sharedApp } from '../support/app.ts';
import { type Client, createClient, HTMX_FRAGMENT, location, signedIn } from '../support/client.ts';
import { openPage, recordIds, textOf } from '../support/page.ts';
import { oneOfEach } from '../support/things.ts';
import { runs } from '../support/thorough.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const AUTHOR = '4e8d1c7a-3b52-4f69-9d0e-7a6b5c4d3e21';
const STORY = '8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2d';
const STATS = '/api/ai-usage/stats';

type Layer = { route?: { path: string; methods: Record<string, boolean> }; handle: { stack?: Layer[] } };

function pathsOf(stack: Layer[]): string[] {
  return stack.flatMap(({ route, handle }) => {
    if (route) return route.methods.get ? [route.path] : [];
    return handle.stack ? pathsOf(handle.stack) : [];
  });
}

/** Answers no person and no program reads numbers or lines of, or whose parameters are Google's. */
const NOT_ASKED =
  /^\/(healthz|readyz|metrics|:name|favicon\.ico|robots\.txt|apple-touch-icon\.png|auth\/google.*|stand-in-for-google\/.*)$/;

describe('parameters that nobody knows', () => {
  let app: RunningApp;
  let ana: Client;
  let paths: string[];
  let ids: string[];

  before(async () => {
    app = await sharedApp();
    await resetUsage();
    ids = (
      await insertUsage([
        { model: 'gpt-5', author: AUTHOR, story: STORY },
        { model: 'tts-1', author: AUTHOR, story: STORY, cost: 0 },
      ])
    ).map(({ id }) => id);
    ana = await signedIn(app.origin);
    const names: Record<string, string> = {
      models: 'gpt-5',
      actions: 'chapter_writing',
      authors: AUTHOR,
      stories: STORY,
      findings: findingId('unpriced', 'tts-1'),
      bills: 'OpenAI',
      ...(await oneOfEach(ana)),
    };
    paths = pathsOf(app.express.router.stack as unknown as Layer[])
      .filter((path) => !NOT_ASKED.test(path) && path !== '/')
      .map((path) => path.replace(/(\w+)\/:\w+/, (_, kind) => `${kind}/${names[kind] ?? ids[0]}`))
      .map((path) => (path === '/ai-usage/statement' ? `${path}?month=2026-10` : path));
  });

  const withUnknown = (path: string) => `${path}${path.includes('?') ? '&' : '?'}xyzzy=1`;
  const isForPrograms = (path: string) => path.startsWith('/api/') || /\.(csv|xlsx|json|ndjson)$/.test(path);

  it('are a 400 of every API and every file, which names them', async () => {
    const asked = paths.filter(isForPrograms);
    assert.ok(asked.length > 25, String(asked.length));
    for (const path of asked) {
      const answer = await ana.get(withUnknown(path), { Accept: '*/*' });
      assert.equal(answer.status, 400, path);
      assert.deepEqual(
        (answer.body.details as { parameter: string }[]).map(({ parameter }) => parameter),
        ['xyzzy'],
        path,
      );
    }
  });

  it('are said in a line of every page, in the page and in its fragment, and change nothing else of it', async () => {
    const asked = paths.filter((path) => !isForPrograms(path));
    assert.ok(asked.length > 10, String(asked.length));
    for (const path of asked) {
      const client = path === '/sign-in' ? createClient(app.origin) : ana;
      const page = await openPage(client, withUnknown(path));
      assert.match(textOf(page.querySelector('main .not-understood')), /^Not understood .*: xyzzy\.$/, path);
      const fragment = await client.get(withUnknown(path), HTMX_FRAGMENT);
      assert.equal(parse(fragment.text).querySelectorAll('.not-understood').length, 1, path);
      assert.equal((await openPage(client, path)).querySelector('.not-understood'), null, path);
    }
  });

  it('are like those that would change nothing: refused by statistics and files, and said by a page', async () => {
    const details = async (path: string) => {
      const { status, body } = await ana.get(path, { Accept: 'application/json' });
      return [status, (body.details as { parameter: string }[] | undefined)?.map(({ parameter }) => parameter)];
    };
    const paging = ['page', 'after', 'before', 'pageSize'];
    const all = paging.map((name) => `${name}=2`).join('&');
    for (const path of paths.filter(
      (one) => /^\/ai-usage.*\.(csv|xlsx|json|ndjson)$/.test(one) && !/prompt|statement/.test(one),
    ))
      assert.deepEqual(await details(`${path}?${all}`), [400, paging], path);
    assert.deepEqual(await details(`${STATS}?sortBy=aiModel&sortOrder=asc&${all}`), [
      400,
      ['sortBy', 'sortOrder', ...paging],
    ]);
    assert.deepEqual(await details(`${STATS}?page=&sortBy=`), [200, undefined], 'an empty field is not given');
    const pages = ['/ai-usage', '/ai-usage/tie-out', '/ai-usage/models/gpt-5', `/ai-usage/stories/${STORY}`];
    for (const path of pages) {
      const line = async (query: string) =>
        textOf((await openPage(ana, `${path}?${query}`)).querySelector('.not-understood'));
      assert.match(await line('page=2'), /^This page .* does not use page\.$/, path);
      assert.match(await line('page=2&xyzzy=1'), /: xyzzy\. This page .* does not use page\.$/, path);
      assert.equal(
        (await openPage(ana, `${path}?pageSize=100&sortBy=aiModel&page=1`)).querySelector('.not-understood'),
        null,
      );
    }
  });

  it('are in no link of ours', async () => {
    for (const path of [
      '/ai-usage/records?pageSize=25&sortBy=aiModel&page=1',
      '/ai-usage?pageSize=25',
      '/ai-usage/tie-out?pageSize=25',
    ]) {
      const page = await openPage(ana, path);
      const files = page
        .querySelectorAll('a')
        .map((link) => link.getAttribute('href') ?? '')
        .filter((href) => /\.(csv|xlsx|json)/.test(href));
      for (const href of files) assert.equal((await ana.get(href)).status, 200, href);
    }
  });

  const NEAR: [query: string, unknown: string, near: string][] = [
    ['perod=7d', 'perod', 'period'],
    ['week=2026-W44', 'week', 'period'],
    ['model[]=gpt-5', 'model[]', 'model'],
    ['Model=gpt-5', 'Model', 'model'],
    ['models=gpt-5', 'models', 'model'],
    ['sort=cost', 'sort', 'sortBy'],
    ['sort_by=cost', 'sort_by', 'sortBy'],
    ['limit=5', 'limit', 'pageSize'],
    ['per_page=5', 'per_page', 'pageSize'],
    ['q=gpt', 'q', 'search'],
    ['form=2026-10-01', 'form', 'from'],
    ['since=2026-10-01', 'since', 'from'],
    ['author_id=x', 'author_id', 'author'],
    ['asof=2026-10-01T00:00:00Z', 'asof', 'asOf'],
    ['serach=gpt', 'serach', 'search'],
  ];

  it('are offered the nearest name that exists', async () => {
    for (const [query, unknown, near] of NEAR) {
      for (const path of [STATS, '/api/ai-usage/records']) {
        if (path === STATS && ORDER_AND_PAGE.includes(near)) continue;
        const { status, body } = await ana.get(`${path}?period=7d&${query}`);
        assert.equal(status, 400, query);
        assert.deepEqual(body, {
          error: 'Bad request',
          details: [{ parameter: unknown, message: `is not known here; did you mean ${near}?` }],
        });
      }
      const line = (await openPage(ana, `/ai-usage/records?${query}`)).querySelector('.not-understood');
      assert.equal(textOf(line?.querySelector('code') ?? null), unknown);
      assert.equal(textOf(line?.querySelectorAll('code, a')[1] ?? null), near);
    }
    const far = await ana.get(`${STATS}?xyzzy=1`);
    assert.match(far.body.details[0].message, new RegExp(`takes ${WHICH_RECORDS.join(', ')}`));
  });

  it('are offered only what answers and is used, and else what that takes', async () => {
    const pages = [
      ...['/ai-usage', '/ai-usage/records', '/ai-usage/tie-out', '/ai-usage/statement?month=2026-10', '/audit'],
      ...['/ai-usage/models/gpt-5', '/ai-usage/actions/chapter_writing'],
      ...[`/ai-usage/authors/${AUTHOR}`, `/ai-usage/stories/${STORY}`],
    ];
    const names = [
      ...[
        'days',
        'month',
        'user',
        'limit',
        'n',
        'sort',
        'order',
        'dir',
        'pagesize',
        'offset',
        'Page',
        'models',
        'author_id',
      ],
      ...[
        'stories',
        'actions',
        'q',
        'since',
        'until',
        'at',
        'type',
        'who',
        'comp',
        'breakdowns',
        'rank',
        'show_',
        'Counted',
      ],
    ];
    const values = ['7', '7d', '2026-10', '2026-10-01', 'ana', 'gpt-5', AUTHOR, 'asc', '', 'x'.repeat(300), '\0'];
    const asked = fc.record({
      page: fc.constantFrom(...pages),
      name: fc.constantFrom(...names),
      value: fc.constantFrom(...values),
    });
    let followed = 0;
    await fc.assert(
      fc.asyncProperty(asked, async ({ page, name, value }) => {
        const path = `${page}${page.includes('?') ? '&' : '?'}${new URLSearchParams({ [name]: value })}`;
        const answer = await ana.get(path);
        // Some of these names are a page's own.
        if (answer.status !== 200) return assert.ok([302, 400].includes(answer.status), path);
        const offered = parse(answer.text).querySelector('.not-understood a')?.getAttribute('href');
        if (!offered) return;
        followed += 1;
        const { status, text, headers } = await ana.get(offered);
        if (status === 302) return assert.ok(value === '', `${path}: ${offered} ${headers.location}`);
        assert.equal(status, 200, `${path}: ${offered}`);
        assert.equal(parse(text).querySelector('.not-understood'), null, `${path}: ${offered}`);
      }),
      { numRuns: 150 },
    );
    assert.ok(followed > 5, String(followed));

    const said = async (path: string) => textOf((await openPage(ana, path)).querySelector('.not-understood'));
    assert.match(
      await said('/ai-usage?days=7'),
      /: days \(did you mean period\? It takes 1d, 7d, 28d, 30d, 90d, all, today, .* to \+294276-12-31\.\)\.$/,
    );
    assert.match(await said('/ai-usage?limit=5'), /: limit\.$/);
    assert.match(await said('/ai-usage?sort=cost'), /: sort\.$/);
    assert.match(await said('/ai-usage/models/gpt-5?models=x'), /: models\.$/);
    assert.match(await said('/ai-usage/records?limit=5'), /: limit \(did you mean pageSize\?\)\.$/);
    assert.match(await said('/audit?user=ana'), /: user \(did you mean person\?\)\.$/);
  });

  it('are offered nothing where the address leads nowhere under any name', async () => {
    for (const path of ['/ai-usage/authors/nobody?perod=7d', '/ai-usage/stories/x?perod=7d']) {
      const { status, text } = await ana.get(path);
      assert.equal(status, 404, path);
      // Of ours: Express has a page of its own for what goes wrong on the way to it.
      assert.match(text, /<main id="main"[^>]*>.*has an id such as/s);
    }
  });

  it('lead where they were meant to', async () => {
    const page = await openPage(ana, '/ai-usage/records?models=gpt-5&period=7d');
    assert.equal(recordIds(page).length, 2);
    const meant = page.querySelector('.not-understood a')?.getAttribute('href') ?? '';
    assert.equal(meant, '/ai-usage/records?model=gpt-5&period=7d');
    assert.equal(recordIds(await openPage(ana, meant)).length, 1);
  });

  it('are none of the API where they only say how a page looks', async () => {
    for (const name of PAGE_PARAMETERS.filter((one) => !PARAMETERS.includes(one))) {
      assert.equal((await ana.get(`${STATS}?${name}=1`)).body.details[0].parameter, name);
    }
  });

  it('are said also beside empty fields, and where others follow by the thousand', async () => {
    const said = async (path: string) => textOf((await openPage(ana, path)).querySelector('.not-understood'));
    assert.match(await said('/ai-usage?model=&perod=7d'), /perod/);
    assert.match(await said('/ai-usage?perod='), /perod/);
    const thousands = Array.from({ length: 1500 }, (_, i) => `a${i}`).join('&');
    assert.match(await said(`/ai-usage?${thousands}`), /a0, a1, a2, a3, a4 and 1495 more/);
    const records = await openPage(ana, `/ai-usage/records?${thousands}&model=gpt-5`);
    assert.equal(recordIds(records).length, 1);
  });

  it('survive the ways from / and from a statement without a month', async () => {
    assert.equal(location(await ana.get('/?perod=7d')), '/ai-usage?perod=7d');
    assert.match(location(await ana.get('/ai-usage/statement?mouth=2026-10')), /\?month=\d{4}-\d\d&mouth=2026-10$/);
  });

  it('are text like any other: nothing of them is markup, whatever they are called', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }), async (name) => {
        const encoded = encodeURIComponent(name.replace(/\p{Surrogate}/gu, '?'));
        const { status, text } = await ana.get(`/ai-usage/records?${encoded}%3Cb%3E=1`);
        assert.equal(status, 200);
        assert.doesNotMatch(text, /<b>=|<\/code><b>/);
        assert.equal((await ana.get(`${STATS}?${encoded}%3Cb%3E=1`)).status, 400);
      }),
      { numRuns: runs(25) },
    );
  });
});
