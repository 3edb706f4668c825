import assert from 'node:assert/strict';
import { keepNames } from '../../src/catalog/known-names.ts';
import { refreshNames } from '../../src/catalog/refresh-names.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { openPage, recordIds, textOf } from '../support/page.ts';
import { startProxy } from '../support/proxy.ts';
import { emptied, gatherNames, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';
import { insertNamesOf, nameAuthor, nameStory, searchPage } from './searched-names.ts';

describe('words as people type them', () => {
  let client: Client;
  const AUTHORS = ['João Conceição', 'Łukasz Straße', 'Søren Đorđević', 'İbrahim Ilgın', 'Ελένη Παππάς', 'Zé d’Água'];
  const STORIES = [
    'A Estação do Coração',
    'Ёлка и йод',
    'Die Übergröße',
    'Œuvre d’été',
    'Ｆｕｌｌ ｗｉｄｔｈ',
    'As luzes',
    '«Ai, ai!», disse o mar',
    'Ana-Maria e o farol',
    'Porquê?',
    'Kapitel #7: Wolke',
    'AC/DC',
    'Lisboa – Sintra',
  ];
  const MODELS = ['gpt-5', 'gemini-2.5-flash', 'claude-3-5-sonnet'];
  const CHAPTERS = ['a chapter', 'another'];
  const rows = new Map<string, UsageRow>();

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const insert = async (name: string, row: Partial<UsageRow>) => {
      const [inserted] = await insertUsage([{ model: 'tts-1', action: 'story_outline', ...row }]);
      rows.set(name, inserted as UsageRow);
      return inserted as UsageRow;
    };
    for (const name of AUTHORS) await nameAuthor((await insert(name, {})).author, name.normalize('NFC'));
    for (const title of STORIES) await nameStory((await insert(title, {})).story, title);
    for (const model of MODELS) await insert(model, { model });
    for (const name of CHAPTERS) await insert(name, { action: 'chapter_writing' });
    await insert('photo', { action: 'character_photo_analysis' });
    await gatherNames();
  });
  after(resetUsage);

  const finds = (search: string, ...expected: string[]) =>
    it(`${JSON.stringify(search)} finds ${expected.join(', ') || 'nothing'}`, async () => {
      const ids = recordIds(await searchPage(client, search));
      const names = [...rows].filter(([, { id }]) => ids.includes(id)).map(([name]) => name);
      assert.deepEqual(names.sort(), expected.sort());
    });

  finds('joao', 'João Conceição');
  finds('CONCEICAO', 'João Conceição');
  finds('João'.normalize('NFD'), 'João Conceição');
  finds('conceição joão', 'João Conceição');
  finds('ão joao', 'João Conceição');
  finds('kapitel #7', 'Kapitel #7: Wolke');
  finds('#7', 'Kapitel #7: Wolke');
  finds('dc', 'AC/DC');
  finds('lisboa-sintra', 'Lisboa – Sintra');
  finds('estacao', 'A Estação do Coração');
  finds('coração ESTACAO', 'A Estação do Coração');
  finds('lukasz', 'Łukasz Straße');
  finds('strasse', 'Łukasz Straße');
  finds('STRAẞE łuk', 'Łukasz Straße');
  finds('soren dordevic', 'Søren Đorđević');
  finds('IBRAHIM', 'İbrahim Ilgın');
  finds('ilgin', 'İbrahim Ilgın');
  finds('ILGIN', 'İbrahim Ilgın');
  finds('παππασ', 'Ελένη Παππάς');
  finds('ΠΑΠΠΆΣ ελενη', 'Ελένη Παππάς');
  finds("d'agua", 'Zé d’Água');
  finds('ze', 'Zé d’Água');
  finds('елка ИОД', 'Ёлка и йод');
  finds('ubergrosse', 'Die Übergröße');
  finds('oeuvre', 'Œuvre d’été');
  finds('full width', 'Ｆｕｌｌ ｗｉｄｔｈ');
  finds('ｊｏãｏ', 'João Conceição');
  finds('gpt 5', 'gpt-5');
  finds('5 GPT', 'gpt-5');
  finds('flash gemini', 'gemini-2.5-flash');
  finds('ｇｐｔ', 'gpt-5');
  finds('analysis photo', 'photo');
  finds('João,', 'João Conceição');
  finds('“João”', 'João Conceição');
  finds('(João Conceição)', 'João Conceição');
  finds('Conceição, João', 'João Conceição');
  finds('«joao» …', 'João Conceição');
  finds('João_Conceição', 'João Conceição');
  finds("'Zé", 'Zé d’Água');
  finds('d’Água.', 'Zé d’Água');
  finds('a-estacao-do-coracao', 'A Estação do Coração');
  finds('ana maria', 'Ana-Maria e o farol');
  finds('ana_maria', 'Ana-Maria e o farol');
  finds('ai', '«Ai, ai!», disse o mar');
  finds('“ai, ai!”', '«Ai, ai!», disse o mar');
  finds('porque', 'Porquê?');
  finds('¿porque?', 'Porquê?');
  finds('?', 'Porquê?');
  finds('gpt_5', 'gpt-5');
  finds('gpt5', 'gpt-5');
  finds('gpt-5,', 'gpt-5');
  finds('"gpt-5"', 'gpt-5');
  finds('gemini_2.5_flash', 'gemini-2.5-flash');
  finds('gemini 2-5', 'gemini-2.5-flash');
  finds('claude 3.5', 'claude-3-5-sonnet');
  finds('chapter-writing', ...CHAPTERS);
  finds('Chapter_Writing', ...CHAPTERS);
  finds('chapterwriting', ...CHAPTERS);
  finds('chapter.writing', ...CHAPTERS);
  finds('photo-analysis', 'photo');
  finds('photo—analysis', 'photo');
  it('finds an id whatever stands around it', async () => {
    const { id } = rows.get('photo') as UsageRow;
    for (const search of [`“${id}”`, `(${id}),`, `${id.slice(0, 8)}…`, `${id.toUpperCase()}.`])
      assert.deepEqual(recordIds(await searchPage(client, search)), [id], search);
  });
  finds('o5');
  finds('gpt_4');
  finds('joao maria');
  finds('\u0301');
});

describe('a search for a name', () => {
  const opened = closing();
  let client: Client;
  let row: UsageRow;
  const found = async (search: string) => recordIds(await searchPage(client, search));
  const known = async () =>
    (await databases().backoffice('known_names').orderBy('name').pluck('name')) as unknown as string[];

  beforeEach(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    [row] = (await insertUsage([{}])) as [UsageRow];
    await nameAuthor(row.author, 'Márcia');
    await nameStory(row.story, 'A Fada');
    await gatherNames();
  });
  after(resetUsage);

  it('finds what was renamed under its new name after a tick, and under its old one no longer', async () => {
    await databases().mythoria('authors').update({ display_name: 'Inês' });
    assert.deepEqual(await found('marcia'), [], 'at once');
    await gatherNames();
    assert.deepEqual(await found('ines'), [row.id]);
    assert.deepEqual(await found('marcia'), []);
    assert.deepEqual(await known(), ['A Fada', 'Inês']);
  });

  it('finds what is new after a tick', async () => {
    const [late] = (await insertUsage([{}])) as [UsageRow];
    await nameStory(late.story, 'Três Leões');
    await gatherNames();
    assert.deepEqual(await found('leoes'), [late.id]);
  });

  it('keeps nothing of what was erased', async () => {
    await databases().mythoria.raw(emptied('authors'));
    assert.deepEqual(await found('marcia'), [], 'at once');
    await gatherNames();
    assert.deepEqual(await known(), ['A Fada']);
    await databases().mythoria('stories').delete();
    await gatherNames();
    assert.deepEqual(await known(), []);
    await gatherNames();
    assert.deepEqual(await databases().backoffice('name_state').sum('unread as unread').first(), { unread: '0' });
  });

  it('shows nothing of what was erased before it was ever shown', async () => {
    await databases().mythoria.raw(emptied('authors'));
    const table = textOf((await openPage(client, '/ai-usage/records')).querySelector('tbody'));
    assert.match(table, /A Fada/);
    assert.doesNotMatch(table, /Márcia/);
  });

  it('keeps what a page has shown, when it is erased', async () => {
    assert.deepEqual(await found('marcia'), [row.id]);
    await databases().mythoria.raw(emptied('stories', 'authors'));
    await gatherNames();
    assert.deepEqual(await found('marcia'), [row.id]);
    assert.deepEqual(await known(), ['A Fada', 'Márcia']);
  });

  it('keeps nothing of what a file has held, when it is erased: a file may hold every name', async () => {
    assert.match((await client.get('/ai-usage/records.csv?period=all')).text, /Márcia/);
    await databases().mythoria.raw(emptied('authors'));
    await gatherNames();
    assert.deepEqual(await known(), ['A Fada']);
  });

  it('reads again what a page has written, which may have read it before the tick did', async () => {
    await keepNames(databases().backoffice, 'author', new Map([[row.author, 'Inês']]));
    await gatherNames();
    assert.deepEqual(await known(), ['A Fada', 'Márcia']);
  });

  it('moves no name that is as it was', async () => {
    const { backoffice, mythoria } = databases();
    await insertNamesOf(3_000);
    await gatherNames();
    const before = await backoffice('name_blocks').orderBy(['kind', 'block']);
    await backoffice.raw(`UPDATE known_names SET name = 'not read again' WHERE kind = 'author'`);
    await mythoria('authors').where('display_name', 'Author 7').update({ display_name: 'Author seven' });
    await gatherNames();
    const after = await backoffice('name_blocks').orderBy(['kind', 'block']);
    assert.equal(after.filter((block, i) => block.fingerprint !== before[i]?.fingerprint).length, 1);
    const read = await backoffice('known_names').where({ kind: 'author' }).whereNot('name', 'not read again');
    assert.ok(read.length >= 1 && read.length < 20, `${read.length} names were read again`);
  });

  it('says while names are being gathered, and finds them as they are written', async () => {
    const { backoffice } = databases();
    await backoffice.raw(emptied('known_names', 'name_blocks', 'name_state'));
    const page = await searchPage(client, 'MÁRCIA');
    assert.deepEqual(recordIds(page), [row.id]);
    assert.match(textOf(page.querySelector('.notice')), /still being gathered/);
    await insertNamesOf(200);
    // Each tick does a round at least, and the next one goes on.
    const tick = () => refreshNames(databases(), { isLate: () => true, atOnce: 150 });
    await tick();
    assert.match(textOf((await searchPage(client, 'MÁRCIA')).querySelector('.notice')), /still being gathered/);
    await tick();
    const complete = await searchPage(client, 'marcia');
    assert.deepEqual(recordIds(complete), [row.id]);
    assert.equal(complete.querySelector('.notice'), null);
    assert.equal((await known()).length, 202);
  });

  it('that was kept by an earlier version is folded by the next tick', async () => {
    const { backoffice, mythoria } = databases();
    await mythoria.raw(emptied('authors'));
    await backoffice.raw(`UPDATE known_names SET folded = NULL, shown = true WHERE kind = 'author'`);
    await gatherNames();
    assert.deepEqual(await found('marcia'), [row.id]);
  });

  it('brings the exact spelling first where there are too many', async () => {
    await resetUsage();
    const usage = await insertUsage(Array.from({ length: 1_300 }, () => ({})));
    // The last ones written are the exact ones.
    const names = usage.map((_, i) => (i < 1_296 ? `Joao ${i}` : i < 1_298 ? 'joao' : 'João'));
    await databases()
      .mythoria('authors')
      .insert(usage.map(({ author }, i) => ({ author_id: author, display_name: names[i], email: 'a@example.com' })));
    await gatherNames();
    const ids = await found('João');
    assert.equal(ids.length, 200);
    for (const { id } of usage.slice(1_296)) assert.ok(ids.includes(id));
    assert.match(textOf(await searchPage(client, 'João')), /first 200/);
  });

  it('works on what was gathered while mythoria_db is down, and says so', async () => {
    const proxy = await opened(startProxy(databaseUrls().mythoria));
    const { origin } = await opened(startApp({ urls: { mythoria: proxy.url } }));
    client = await signedIn(origin);
    proxy.down();
    const page = await searchPage(client, 'marcia');
    assert.deepEqual(recordIds(page), [row.id]);
    assert.match(page.querySelectorAll('.notice').map(textOf).join(), /names of authors and stories do not answer/);
  });
});
