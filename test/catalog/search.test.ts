import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openJson, openPage, recordIds, textOf, tilesOf } from '../support/page.ts';
import { gatherNames, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const AUTHOR = 'a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d';
const STORY = 'beefcafe-0000-4000-8000-00000000f00d';
const RECORD = 'c0ffee00-1234-4567-89ab-cdef01234567';

async function insertNames(authors: Record<string, string>, stories: Record<string, string> = {}): Promise<void> {
  const { mythoria } = databases();
  for (const [author_id, display_name] of Object.entries(authors))
    await mythoria('authors').insert({ author_id, display_name, email: `${author_id}@example.com` });
  for (const [story_id, title] of Object.entries(stories))
    await mythoria('stories').insert({ story_id, title, author_id: randomUUID() });
}

/** The ids that a search finds: the same on the API and the page, and as many as the statistics count. */
async function found(client: Client, search: string, filters = ''): Promise<string[]> {
  const parameters = `${new URLSearchParams({ search })}${filters}`;
  const { records, total } = await openJson<RecordsJson>(client, `/api/ai-usage/records?pageSize=1000&${parameters}`);
  const stats = await openJson<StatsJson>(client, `/api/ai-usage/stats?${parameters}`);
  assert.equal(stats.totalRequests, total);
  const ids = records.map(({ tokenUsageId }) => tokenUsageId);
  assert.deepEqual(
    recordIds(await openPage(client, `/ai-usage/records?pageSize=200&${parameters}`)),
    ids.slice(0, 200),
  );
  return ids;
}

describe('search', () => {
  let client: Client;
  let rows: Record<'gpt' | 'gemini' | 'image' | 'author' | 'story' | 'record', UsageRow>;

  const finds = async (search: string, expected: (keyof typeof rows)[], filters = '') =>
    assert.deepEqual(
      (await found(client, search, filters)).sort(),
      expected.map((name) => rows[name].id).sort(),
      search,
    );

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    // Ids that no search below begins with.
    const dull = (number: number) => `9999999${number}-9999-4999-8999-999999999999`;
    const row = { author: dull(0), story: dull(1), action: 'story_outline', model: 'tts-1' };
    const [gpt, gemini, image, author, story, record] = (await insertUsage([
      { ...row, id: dull(2), model: 'gpt-5-mini' },
      { ...row, id: dull(3), model: 'gemini-2.5-pro' },
      { ...row, id: dull(4), action: 'character_photo_analysis' },
      { ...row, id: dull(5), author: AUTHOR },
      { ...row, id: dull(6), story: STORY },
      { ...row, id: RECORD },
    ])) as [UsageRow, UsageRow, UsageRow, UsageRow, UsageRow, UsageRow];
    rows = { gpt, gemini, image, author, story, record };
    await insertNames({ [AUTHOR]: 'Álvaro de Campos' }, { [STORY]: 'O Dragão 100% verde' });
  });

  it('finds a part of a model’s name in any case', async () => {
    await finds('gpt-5', ['gpt']);
    await finds('GPT', ['gpt']);
    await finds('5-M', ['gpt']);
    await finds('2.5', ['gemini']);
  });

  it('finds a part of an action’s name or label in any case', async () => {
    await finds('photo_ana', ['image']);
    await finds('PHOTO ANALYSIS', ['image']);
    await finds('character', ['image']);
  });

  it('finds the beginning of a record’s, author’s or story’s id, with dashes or without, from four digits on', async () => {
    await finds('c0ff', ['record']);
    await finds('C0FFEE00-1234', ['record']);
    await finds('c0ffee001234', ['record']);
    await finds(RECORD, ['record']);
    await finds(RECORD.replaceAll('-', '').toUpperCase(), ['record']);
    await finds('a1b2c3d4-e5f6-4a7b', ['author']);
    await finds('beefcafe', ['story']);
    await finds('beefcafe-', ['story']);
    await finds('c0f', []);
    await finds('ffee00', []);
    await finds('c0ff-ee00', []);
    await finds('c0ffee01', []);
    await finds(`${RECORD}0`, []);
  });

  it('finds a part of a story’s title or an author’s name in any case', async () => {
    await finds('dragão', ['story']);
    await finds('DRAGÃO', ['story']);
    await finds('de camp', ['author']);
    await finds('álvaro', ['author']);
  });

  it('ignores space around the text', () => finds('  gpt-5 ', ['gpt']));

  it('goes together with the other filters', async () => {
    await finds('tts', ['image', 'author', 'story', 'record']);
    await finds('tts', ['image'], '&action=character_photo_analysis');
    await finds('tts', ['author'], `&author=${AUTHOR}`);
    await finds('tts', [], '&model=gpt-5-mini');
  });

  it('finds nothing where nothing matches, and says so', async () => {
    for (const search of ['no such thing', 'fedc', '%', '_%', '\\', "'; DROP TABLE token_usage_tracking; --"])
      if (search !== '%') await finds(search, []);
    const page = await openPage(client, '/ai-usage/records?search=no+such+thing');
    assert.equal(textOf(page.querySelector('.empty h2')), 'No records here');
    assert.match(textOf(page.querySelector('.sum')), /^0 records, €0\.00$/);
    const overview = await openPage(client, '/ai-usage?search=no+such+thing');
    assert.equal(tilesOf(overview).get('Requests')?.text, '0');
    assert.equal(textOf(overview.querySelector('.empty h2')), 'No AI calls here');
  });

  it('takes %, _ and \\ for what they are', async () => {
    await resetUsage();
    const names = ['50% off', '50x off', 'snake_case', 'snakexcase', 'back\\slash', 'backslash', 'tail\\'];
    const inserted = await insertUsage(names.map(() => ({})));
    await insertNames(
      Object.fromEntries(inserted.map(({ author }, i) => [author, names[i] as string])),
      Object.fromEntries(inserted.map(({ story }, i) => [story, (names[i] as string).toUpperCase()])),
    );
    const named = async (search: string) => {
      const ids = await found(client, search);
      return names.filter((_, i) => ids.includes(inserted[i]?.id as string));
    };
    assert.deepEqual(await named('50% o'), ['50% off']);
    assert.deepEqual(await named('%'), ['50% off']);
    assert.deepEqual(await named('E_C'), ['snake_case']);
    assert.deepEqual(await named('k\\s'), ['back\\slash']);
    assert.deepEqual(await named('\\'), ['back\\slash', 'tail\\']);
    assert.deepEqual(await named('l\\'), ['tail\\']);
  });

  it('is cut at 200 authors or titles, and the page says so', async () => {
    await resetUsage();
    const inserted = await insertUsage(Array.from({ length: 201 }, () => ({})));
    await databases()
      .mythoria('authors')
      .insert(
        inserted.map(({ author }, i) => ({
          author_id: author,
          display_name: `Maria ${i}`,
          email: 'maria@example.com',
        })),
      );
    await gatherNames();
    const notices = async () =>
      (await openPage(client, '/ai-usage/records?search=maria')).querySelectorAll('.notice').map(textOf).join();
    assert.equal((await found(client, 'maria')).length, 200);
    assert.match(await notices(), /first 200/);
    assert.match(textOf(await openPage(client, '/ai-usage?search=maria')), /first 200/);

    await databases().mythoria('authors').where('author_id', inserted[0]?.author).delete();
    await databases().backoffice('known_names').where('id', inserted[0]?.author).delete();
    assert.equal((await found(client, 'maria')).length, 200);
    assert.equal(await notices(), '');
  });
});

describe('search without the names', () => {
  let app: RunningApp;
  let client: Client;

  const withoutNames = async (url: string | null) => {
    app = await startApp({ urls: { mythoria: url } });
    client = await signedIn(app.origin);
    await resetUsage();
    await insertUsage([{ model: 'gpt-5', author: AUTHOR }, { model: 'imagen-4.0' }]);
    await insertNames({ [AUTHOR]: 'Some gpt fan' });
  };
  afterEach(() => app.close());

  it('still finds models, actions and ids while mythoria_db is down, and says what it could not look at', async () => {
    await withoutNames('postgres://127.0.0.1:1/nobody-listens');
    assert.equal((await found(client, 'imagen')).length, 1);
    assert.equal((await found(client, 'chapter')).length, 2);
    assert.equal((await found(client, 'a1b2')).length, 1);
    assert.equal((await found(client, 'fan')).length, 0);
    for (const path of ['/ai-usage', '/ai-usage/records']) {
      const notices = (await openPage(client, `${path}?search=gpt`)).querySelectorAll('.notice').map(textOf);
      assert.match(notices.join(), /names of authors and stories do not answer/);
    }
    const page = await openPage(client, '/ai-usage/records');
    assert.match(textOf(page.querySelector('.notice')), /short ids stand in their place/);
    assert.match(textOf(page.querySelector('tbody')), /a1b2c3d4/);
  });

  it('works where there is no mythoria_db, without a word about it', async () => {
    await withoutNames(null);
    assert.equal((await found(client, 'imagen')).length, 1);
    assert.equal((await found(client, 'fan')).length, 0);
    const page = await openPage(client, '/ai-usage/records?search=gpt');
    assert.deepEqual(page.querySelectorAll('.notice'), []);
    assert.match(textOf(page.querySelector('tbody')), /a1b2c3d4/);
  });
});
