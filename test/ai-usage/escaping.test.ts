import assert from 'node:assert/strict';
import { type HTMLElement, parse } from 'node-html-parser';
import { nameWritten, written } from '../../src/catalog/written.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, HTMX_FRAGMENT, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { columnOf, openPage, recordIds, tableOf, textOf } from '../support/page.ts';
import { PAYLOADS } from '../support/payloads.ts';
import { THOROUGH } from '../support/thorough.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const HARMLESS = 'harmless';
const PATH = '/ai-usage/records';
const AT_ONCE = 31;
/** For pages that hold one: all in the long run, else every third, from one of the first three at random. */
const chosen = <T>(all: T[]): T[] => {
  const first = Math.floor(Math.random() * 3);
  return all.filter((_, i) => THOROUGH || i % 3 === first);
};

/** The elements of a page with the names of their attributes: what a payload that works would add to. */
function structureOf(root: HTMLElement): string[] {
  return root
    .querySelectorAll('*')
    .map((element) => `${element.rawTagName} ${Object.keys(element.rawAttributes).join(' ')}`);
}

function assertInert(html: string, where: string, payloads = PAYLOADS): HTMLElement {
  const scripts = html.match(/<script/gi) ?? [];
  // The page's own: htmx, and those of public/.
  assert.ok(scripts.length <= 7, `${where}: ${scripts.length} scripts`);
  for (const payload of payloads) {
    if (payload.includes('<')) assert.ok(!html.includes(payload), `${where}: unescaped ${payload}`);
  }
  const root = parse(html);
  for (const element of root.querySelectorAll('[href], [action], [src]')) {
    const target = element.getAttribute('href') ?? element.getAttribute('action') ?? element.getAttribute('src') ?? '';
    assert.match(target, /^(\/(?!\/)|#)/, `${where}: ${target}`);
  }
  return root;
}

async function insertNamed(names: string[]): Promise<UsageRow[]> {
  const rows = await insertUsage(
    names.map((name) => ({ model: name, prompt: { [name]: [name, { nested: name }] }, cost: 1 })),
  );
  const { mythoria } = databases();
  await mythoria('authors').insert(
    rows.map(({ author }, i) => ({ author_id: author, display_name: names[i] as string, email: 'x@example.com' })),
  );
  await mythoria('stories').insert(
    rows.map(({ author, story }, i) => ({ story_id: story, title: names[i] as string, author_id: author })),
  );
  return rows;
}

describe('what others have written', () => {
  let client: Client;
  let rows: UsageRow[];
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    rows = await insertNamed([...PAYLOADS, HARMLESS]);
  });

  it('is more than 300 ways to break out', () => {
    assert.ok(PAYLOADS.length >= 300);
    assert.equal(new Set(PAYLOADS).size, PAYLOADS.length);
  });

  it('stands on the overview as text: models in table and select, and in the figures recomputed', async () => {
    for (const path of ['/ai-usage?period=all', '/ai-usage/tie-out?period=all']) {
      const { text } = await client.get(path);
      assertInert(text, path);
      assertInert((await client.get(path, HTMX_FRAGMENT)).text, `fragment of ${path}`);
    }
    const named = [...PAYLOADS, HARMLESS];
    const names: (string | null)[] = [];
    const structures = new Set<string>();
    // At most twenty at a time, which is as many as the table names one by one; one alone would be no link.
    for (let i = 0; i < named.length; i += 14) {
      const chosen = new URLSearchParams(named.slice(i, i + 14).map((model): [string, string] => ['model', model]));
      const path = `/ai-usage?period=all&by=model&${chosen}`;
      const some = assertInert((await client.get(path)).text, path);
      const table = some.querySelectorAll('table').find((one) => textOf(one.querySelector('caption')) === 'Models');
      for (const row of table?.querySelectorAll('tbody tr') ?? []) structures.add(structureOf(row).join());
      for (const { href } of columnOf(tableOf(some, 'Models'), 'Model'))
        names.push(new URL(href ?? '', 'http://x').searchParams.get('model'));
    }
    assert.equal(structures.size, 1, 'every row is built alike');
    assert.deepEqual(names.map((name) => nameWritten(name ?? '')).sort(), [...named].sort());
    const page = await openPage(client, '/ai-usage?period=all');
    const options = page.querySelectorAll('select[name=model] option').map((option) => option.getAttribute('value'));
    const listed = options.filter((value) => value !== '' && value !== null);
    assert.equal(listed.length, 200);
    const known = new Set([...PAYLOADS, HARMLESS].map(written));
    assert.deepEqual(
      listed.filter((value) => !known.delete(value as string)),
      [],
    );
  });

  it('stands in the list of records as text: models, authors and stories', async () => {
    const shown: string[] = [];
    for (const page of [1, 2]) {
      const { text } = await client.get(`${PATH}?pageSize=200&page=${page}`);
      assertInert(text, `page ${page}`);
      const root = parse(text);
      shown.push(...recordIds(root));
      const rowStructures = root.querySelectorAll('tbody tr').map((row) => structureOf(row).join());
      assert.equal(new Set(rowStructures).size, 1, 'every row is built alike');
    }
    assert.deepEqual(shown.sort(), rows.map(({ id }) => id).sort());
  });

  it('stands on a record’s page and in its prompt as text', async () => {
    // In a list that it is none of, so that each has as many ways out.
    const pageOf = (row: UsageRow | undefined) => client.get(`${PATH}/${row?.id}/prompt?model=none`);
    const expected = structureOf(parse((await pageOf(rows.at(-1))).text));
    const some = chosen(rows);
    for (let i = 0; i < some.length; i += 10) {
      await Promise.all(
        some.slice(i, i + 10).map(async (row) => {
          const { status, text } = await pageOf(row);
          assert.equal(status, 200);
          const page = parse(text);
          if (row.model.includes('<')) assert.ok(!text.includes(row.model), row.model);
          if (row.model !== HARMLESS) assert.deepEqual(structureOf(page), expected, row.model);
          assert.deepEqual(JSON.parse(page.querySelector('pre.prompt')?.text ?? ''), row.prompt, row.model);
          const links = page.querySelectorAll('.facts dd > a:first-child').map((link) => link.text);
          assert.deepEqual(links.slice(1), [written(row.model), row.model, row.model]);
        }),
      );
    }
  });

  it('leads back to its own records: the link of every model, author and story', async () => {
    const page = await openPage(client, `${PATH}?pageSize=200&sortBy=aiModel`);
    const table = tableOf(page, 'Records');
    for (const column of ['Model', 'Author', 'Story']) {
      const links = columnOf(table, column).filter((_, i) => i % 20 === 0);
      for (const { href } of links) {
        assert.equal(recordIds(await openPage(client, href ?? '')).length, 1, href ?? '');
      }
    }
  });

  it('stands in chips by name where an author or story is filtered', async () => {
    for (const row of rows.filter((_, i) => i % 20 === 0)) {
      const page = await client.get(
        `${PATH}?author=${row.author}&story=${row.story}&model=${encodeURIComponent(row.model)}`,
      );
      assertInert(page.text, row.model, [row.model]);
      const chips = parse(page.text)
        .querySelectorAll('.chips b')
        .map((chip) => chip.text);
      assert.deepEqual(chips, [row.model, row.model, row.model]);
    }
  });

  it('comes from the rollups no less escaped', async () => {
    await coverUsage();
    const { text } = await client.get('/ai-usage?period=all');
    assertInert(text, 'rolled up');
    assert.equal(textOf(parse(text).querySelector('h1')), 'AI usage');
  });
});

describe('what others have written, on pages of its own', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });

  it('stands on the pages of models, authors and stories as text', async () => {
    const pagesOf = ({ model, author, story }: UsageRow) => [
      { path: `/ai-usage/models/${encodeURIComponent(model)}`, title: written(model) },
      { path: `/ai-usage/authors/${author}`, title: model },
      { path: `/ai-usage/stories/${story}`, title: model },
    ];
    const payloads = chosen(PAYLOADS);
    // Some at a time: every page offers all models that there are.
    for (let first = 0; first < payloads.length; first += AT_ONCE) {
      await resetUsage();
      const rows = await insertNamed([...payloads.slice(first, first + AT_ONCE), HARMLESS]);
      const expected = await Promise.all(
        pagesOf(rows.at(-1) as UsageRow).map(async ({ path }) => structureOf(await openPage(client, path))),
      );
      for (const [i, row] of rows.slice(0, -1).entries()) {
        await Promise.all(
          pagesOf(row).map(async ({ path, title }, page) => {
            // Each on one of the three, as its neighbours are not; in the long run on all.
            if (!THOROUGH && i % 3 !== page) return;
            const { text } = await client.get(path);
            const root = assertInert(text, path, [row.model]);
            assert.deepEqual(structureOf(root), expected[page], path);
            assert.equal(root.querySelector('h1')?.text, title);
          }),
        );
      }
    }
  });
});

describe('what an address says', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
  });

  it('stands in filters, chips and errors as text', async () => {
    const clean = async (parameters: (value: string) => Record<string, string>, path = PATH) => {
      const address = (value: string) => `${path}?${new URLSearchParams(parameters(value))}`;
      const expected = structureOf(await openPage(client, address('nothing like this')));
      for (let i = 0; i < PAYLOADS.length; i += 23) {
        const payload = PAYLOADS[i] as string;
        const { text } = await client.get(address(`${payload} nothing like this`.slice(0, 200)));
        assertInert(text, address(payload), [payload]);
        assert.deepEqual(structureOf(parse(text)), expected, payload);
      }
    };
    await clean((value) => ({ search: value }));
    await clean((value) => ({ search: value }), '/ai-usage');
    await clean((value) => ({ action: value.slice(0, 63) }));
    await clean((value) => ({ model: value.slice(0, 100) }));
    for (const payload of PAYLOADS.filter((_, i) => i % 23 === 0)) {
      const encoded = encodeURIComponent(payload);
      for (const path of [
        `${PATH}?period=${encoded}`,
        `${PATH}?from=${encoded}`,
        `${PATH}?${encoded}=x&page=x`,
        `${PATH}/${encoded}`,
      ]) {
        const { status, text } = await client.get(path);
        assert.ok([400, 404].includes(status), `${path}: ${status}`);
        assertInert(text, path, [payload]);
        // What was typed comes back in the field that it was typed into, and nowhere else.
        assert.doesNotMatch(text.replace(/ value="[^"]*"/g, ''), /alert\(|evil/);
      }
    }
  });
});
