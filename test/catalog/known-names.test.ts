import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { addTime, instantAt } from '../../src/units/time.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { columnOf, openPage, recordIds, tableOf, textOf } from '../support/page.ts';
import { startProxy } from '../support/proxy.ts';
import { emptied, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const PATH = '/ai-usage/records';

describe('a name once seen', () => {
  const opened = closing();
  let row: UsageRow;

  beforeEach(async () => {
    await resetUsage();
    [row] = (await insertUsage([{}])) as [UsageRow];
    const { mythoria } = databases();
    await mythoria('authors').insert({ author_id: row.author, display_name: 'Sophia', email: 's@example.com' });
    await mythoria('stories').insert({ story_id: row.story, title: 'A Fada', author_id: row.author });
  });
  after(resetUsage);

  const namesIn = async (origin: string) => {
    const table = tableOf(await openPage(await signedIn(origin), PATH), 'Records');
    return [columnOf(table, 'Author')[0]?.text, columnOf(table, 'Story')[0]?.text];
  };

  it('stays when the account is gone, on every page and after a restart, and says so', async () => {
    const { origin } = await sharedApp();
    assert.deepEqual(await namesIn(origin), ['Sophia', 'A Fada']);
    await databases().mythoria.raw(emptied('stories', 'authors'));
    const restarted = await opened(startApp());
    for (const where of [origin, restarted.origin]) {
      assert.deepEqual(await namesIn(where), ['Sophia', 'A Fada']);
      const client = await signedIn(where);
      const author = await openPage(client, `/ai-usage/authors/${row.author}`);
      assert.equal(textOf(author.querySelector('h1')), 'Sophia');
      assert.equal(textOf(author.querySelector('.about .flag')), 'account gone, last known name');
      const story = await openPage(client, `/ai-usage/stories/${row.story}`);
      assert.equal(textOf(story.querySelector('h1')), 'A Fada');
      assert.match(textOf(await openPage(client, `${PATH}/${row.id}`)), /Sophia/);
      assert.match(textOf((await openPage(client, `${PATH}?author=${row.author}`)).querySelector('.chips')), /Sophia/);
    }
  });

  it('is the newest one', async () => {
    const { origin } = await sharedApp();
    await namesIn(origin);
    await databases().mythoria('authors').update({ display_name: 'Sofia' });
    assert.deepEqual(await namesIn(origin), ['Sofia', 'A Fada']);
    await databases().mythoria.raw(emptied('stories', 'authors'));
    assert.deepEqual(await namesIn(origin), ['Sofia', 'A Fada']);
  });

  it('is still searched for, once it is the last one seen', async () => {
    const { origin } = await sharedApp();
    const client = await signedIn(origin);
    const found = async (search: string) => recordIds(await openPage(client, `${PATH}?search=${search}`));
    await namesIn(origin);
    await databases().mythoria('authors').update({ display_name: 'Marta' });
    assert.deepEqual(await found('sophia'), [], 'whoever is still there is found by the name of today');
    assert.deepEqual(await found('marta'), [row.id]);
    await namesIn(origin);
    await databases().mythoria.raw(emptied('stories', 'authors'));
    assert.deepEqual(await found('marta'), [row.id]);
    assert.deepEqual(await found('fada'), [row.id]);
    assert.deepEqual(await found('sophia'), []);
  });

  it('is forgotten when its row is deleted', async () => {
    const { origin } = await sharedApp();
    await namesIn(origin);
    await databases().mythoria.raw(emptied('stories', 'authors'));
    await databases().backoffice('known_names').where({ kind: 'author' }).delete();
    assert.deepEqual(await namesIn(origin), [row.author.slice(0, 8), 'A Fada']);
  });

  it('stands in while mythoria_db is down, and nobody is said to be gone', async () => {
    const proxy = await opened(startProxy(databaseUrls().mythoria));
    const { origin } = await opened(startApp({ urls: { mythoria: proxy.url } }));
    assert.deepEqual(await namesIn(origin), ['Sophia', 'A Fada']);
    proxy.down();
    const [late] = (await insertUsage([{ at: addTime(instantAt(row.at), 1n) }])) as [UsageRow];
    const client = await signedIn(origin);
    const page = await openPage(client, PATH);
    const authors = columnOf(tableOf(page, 'Records'), 'Author').map(({ text }) => text);
    assert.deepEqual(authors, [late.author.slice(0, 8), 'Sophia']);
    assert.match(
      textOf(page.querySelector('.notice')),
      /those seen before are shown, and short ids stand in their place/,
    );
    const author = await openPage(client, `/ai-usage/authors/${row.author}`);
    assert.equal(textOf(author.querySelector('h1')), 'Sophia');
    assert.equal(author.querySelector('.about .flag'), null);
  });

  it('that was never seen is a short id', async () => {
    await databases().mythoria.raw(emptied('stories', 'authors'));
    const id = randomUUID();
    const page = await openPage(await signedIn((await sharedApp()).origin), `/ai-usage/authors/${id}`);
    assert.equal(textOf(page.querySelector('h1')), `Author ${id.slice(0, 8)}`);
  });
});
