import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { plainNumber } from '../../../src/export/plain-number.ts';
import { EXPORT_PAGES } from '../../../src/pages.ts';
import { BREAKDOWNS_BESIDE } from '../../../src/query/view.ts';
import { addTime, DAY_OF_24_HOURS, dayOf, HOUR, isoFromInstant, now, startOfHour } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { csvRows, download, xlsxSheets } from '../../support/export.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const STORY = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const AUTHOR = '6f9619ff-8b86-4011-b42d-00c04fc964fe';
const SAME_NAME = '6f9619ff-8b86-4011-b42d-00c04fc964fd';
/** Names that meet where keys are made of labels, or that are special to objects, spreadsheets and CSV. */
const NAMES = ['gpt-5', 'gpt5', 'GPT 5', 'Cost', 'Other', '__proto__', 'constructor', '', 'a,b;=1', 'null'];

/** What has its own periods, or none. */
const WINDOWLESS = ['/budgets', '/prices', '/rates', '/bills', '/bills/:name', '/findings', '/alerts/rules'];

type Cells = Record<string, unknown>;

describe('the columns of exports', () => {
  let origin: string;
  let client: Client;
  const at = addTime(now(), -30n * HOUR);

  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    await insertUsage([
      ...NAMES.map((model, i) => ({
        model,
        author: AUTHOR,
        story: STORY,
        cost: 1_000 + i,
        at: addTime(at, BigInt(i)),
      })),
      { model: 'gpt-5', author: SAME_NAME, action: 'image_edit', cost: 900_000_000, at: addTime(at, -DAY_OF_24_HOURS) },
      { model: 'tiny', author: SAME_NAME, action: 'test', cost: 1, at },
      { model: 'gpt-5', author: AUTHOR, story: STORY, cost: 7, at: addTime(now(), -90n * DAY_OF_24_HOURS) },
    ]);
    const { mythoria } = databases();
    for (const author_id of [AUTHOR, SAME_NAME])
      await mythoria('authors').insert({ author_id, display_name: 'Ana', email: 'ana@example.com' });
    await mythoria('stories').insert({ story_id: STORY, title: 'O mar', author_id: AUTHOR });
  });
  after(resetUsage);

  const json = async (path: string): Promise<Record<string, Cells[]>> =>
    JSON.parse((await download(origin, client, path)).text).tables;
  const headingsOf = (text: string): string[] => parse(text, { to: 1, bom: true })[0] ?? [];

  /** The headings of columns by name, and the names of each file's columns. */
  const documented = () => {
    const text = readFileSync('docs/exports.md', 'utf8');
    const rowsOf = (title: string) =>
      [...(text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '').matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) =>
        row.replaceAll('`', '').split(' | '),
      );
    const columns = new Map(rowsOf('Columns').map(([name = '', heading = '']) => [name, heading]));
    const files = new Map(rowsOf('Files').map(([path, table, names = '']) => [`${path} ${table}`, names.split(', ')]));
    return { columns, files };
  };

  const addressOf = (path: string) =>
    path
      .replace('authors/:name', `authors/${AUTHOR}`)
      .replace('stories/:name', `stories/${STORY}`)
      .replace('models/:name', 'models/gpt-5')
      .replace('actions/:name', 'actions/test')
      .replace('bills/:name', 'bills/OpenAI');

  it('are the same for every window, empty ones too, and docs/exports.md lists them all', async () => {
    const { columns, files } = documented();
    const found = new Map<string, string[]>();
    const windowsOf = (path: string) => {
      if (path.endsWith('statement')) return ['month=2026-01'];
      if (WINDOWLESS.includes(path)) return [''];
      return ['period=1d', 'period=all', 'from=2020-01-01&to=2020-01-02'];
    };
    for (const { path, tables } of EXPORT_PAGES) {
      if (tables === null || path === '/audit') continue;
      const variants = tables.flatMap((table) =>
        table === 'breakdown'
          ? BREAKDOWNS_BESIDE.map((by) => ({ name: `breakdown=${by}`, query: `table=breakdown&breakdown=${by}` }))
          : [{ name: table, query: `table=${table}` }],
      );
      for (const { name, query } of variants) {
        const seen = new Set<string>();
        for (const window of windowsOf(path)) {
          const address = `${addressOf(path)}.csv?${[query, window].filter(Boolean).join('&')}`;
          seen.add(headingsOf((await download(origin, client, address)).text).join('|'));
        }
        assert.equal(seen.size, 1, `${path} ${name}: ${[...seen].join('\n')}`);
        const names = files.get(`${path} ${name}`);
        assert.ok(names, `docs/exports.md does not list ${path} ${name}: ${[...seen]}`);
        assert.deepEqual(
          [...seen][0]?.split('|'),
          names.map((one) => columns.get(one) ?? one),
          `${path} ${name}`,
        );
        found.set(`${path} ${name}`, names);
        const [rows = []] = Object.values(
          await json(
            `${addressOf(path)}.json?${query}&period=all`.replace(
              /&period=all$/,
              path.endsWith('statement') || WINDOWLESS.includes(path) ? '' : '&period=all',
            ),
          ),
        );
        for (const row of rows) assert.deepEqual(Object.keys(row), names, `${path} ${name}`);
      }
      const all = headingsOf((await download(origin, client, `${addressOf(path)}.csv`)).text);
      assert.deepEqual(all, [...new Set(all)], `${path}: two columns of one name`);
    }
    for (const [name, query] of [
      ['records', ''],
      ['records with prompts', '?include=prompt'],
    ] as const) {
      const path = `/ai-usage/records.csv${query}`;
      const names = files.get(`/ai-usage/records ${name}`) ?? [];
      assert.deepEqual(
        headingsOf((await download(origin, client, path)).text),
        names.map((one) => columns.get(one)),
      );
      const { records } = await json(path.replace('.csv', '.json'));
      assert.deepEqual(Object.keys(records?.[0] ?? {}), names);
      found.set(`/ai-usage/records ${name}`, names);
    }
    const audit = files.get('/audit lines') ?? [];
    assert.deepEqual(
      headingsOf((await download(origin, client, '/audit.csv')).text),
      audit.map((one) => columns.get(one)),
    );
    assert.deepEqual(Object.keys((await json('/audit.json')).lines?.[0] ?? {}), audit);
    found.set('/audit lines', audit);
    assert.deepEqual([...files.keys()].sort(), [...found.keys()].sort(), 'files that are no more');
    assert.deepEqual(
      [...columns.keys()].sort(),
      [...new Set([...found.values()].flat())].sort(),
      'columns that are no more',
    );
  });

  it('keep different values apart, whatever their names: as keys of parts and in cells', async () => {
    const { usage = [], parts = [], models = [] } = await json('/ai-usage.json?period=7d');
    const day = dayOf(at, 'Europe/Lisbon');
    const ofDay = usage.find((row) => row.day === day);
    assert.deepEqual(
      Object.entries(ofDay?.parts as Record<string, string>).sort(),
      [...NAMES.map((name, i) => [name, `0.00${1000 + i}`]), ['tiny', '0.000001']].sort(),
    );
    assert.deepEqual(
      parts
        .filter((row) => row.day === day)
        .map(({ part }) => part)
        .sort(),
      [...NAMES, 'tiny'].sort(),
    );
    assert.deepEqual(models.map(({ model }) => model).sort(), [...NAMES, 'tiny'].sort());
    const { breakdown = [] } = await json('/ai-usage.json?period=7d&breakdown=author');
    assert.deepEqual(
      breakdown.map(({ authorId, author }) => [authorId, author]).sort(),
      [
        [AUTHOR, 'Ana'],
        [SAME_NAME, 'Ana'],
      ].sort(),
    );
    // An empty name is text, and no value is none: in JSON and in CSV.
    const { text } = await download(origin, client, '/ai-usage.csv?period=7d&table=models');
    assert.match(text, /^"",Unknown,/m);
  });

  it('hold data for machines: ISO days, hours and months, keys and ids, numbers', async () => {
    const hourly = await json(
      `/ai-usage.json?from=${isoFromInstant(addTime(at, -HOUR))}&to=${isoFromInstant(addTime(at, HOUR))}`,
    );
    assert.deepEqual(
      hourly.usage?.map(({ hour, day, month }) => [hour, day, month]),
      [addTime(at, HOUR), at, addTime(at, -HOUR)].map((instant) => [
        isoFromInstant(startOfHour(instant)),
        dayOf(instant, 'Europe/Lisbon'),
        dayOf(instant, 'Europe/Lisbon').slice(0, 7),
      ]),
    );
    const {
      usage = [],
      causes = [],
      actions = [],
      models = [],
    } = await json('/ai-usage.json?period=1d&compare=previous');
    assert.equal(usage[0]?.partial, true);
    const before = models.find(({ model }) => model === 'gpt5');
    assert.deepEqual(
      [before?.cost, before?.costBefore, before?.change, before?.changeShare],
      ['0.000000', '0.001001', '-0.001001', -1],
    );
    assert.equal(typeof causes[0]?.before, 'string');
    assert.equal(actions.find(({ action }) => action === 'chapter_writing')?.actionLabel, 'Chapter writing');
    const monthly = await json('/ai-usage.json?period=all');
    assert.deepEqual(monthly.usage?.map(({ hour, day, month }) => [hour, day, typeof month]).at(0), [
      null,
      null,
      'string',
    ]);
    const { stories = [] } = await json(`/ai-usage/authors/${AUTHOR}.json?period=all`);
    assert.deepEqual(
      stories.map(({ storyId, story, authorId, author, others }) => [storyId, story, authorId, author, others]),
      [[STORY, 'O mar', AUTHOR, 'Ana', null]],
    );
    const { steps = [] } = await json(`/ai-usage/stories/${STORY}.json`);
    assert.deepEqual(((steps[0]?.models ?? []) as string[]).toSorted(), NAMES.toSorted());
  });

  it('have days and months that Excel takes for dates', async () => {
    const sheets = await xlsxSheets((await download(origin, client, '/ai-usage.xlsx?period=7d')).bytes);
    const usage = sheets.find(({ name }) => name === 'Usage by day');
    const day = dayOf(now(), 'Europe/Lisbon');
    assert.deepEqual(usage?.rows[0]?.Day, new Date(`${day}T00:00:00Z`));
    assert.deepEqual(usage?.rows[0]?.Month, new Date(`${day.slice(0, 7)}-01T00:00:00Z`));
    assert.equal(usage?.rows[0]?.Partial, true);
  });

  it('are plain decimals, however small, and name the provider alike in all files', async () => {
    for (const dialect of ['', '&dialect=excel-pt']) {
      const { text } = await download(origin, client, `/ai-usage.csv?period=7d&table=models${dialect}`);
      const rows = csvRows(text, dialect ? ';' : ',');
      const shares = rows.map(({ Share }) => Share ?? '');
      assert.ok(
        shares.some((share) => /^0[.,]0{5}/.test(share)),
        shares.join(' '),
      );
      for (const share of shares) assert.match(share, /^\d+([.,]\d+)?$/);
    }
    const providers = async (path: string) =>
      new Map(csvRows((await download(origin, client, path)).text).map((row) => [row.Model, row.Provider]));
    const ofRecords = await providers('/ai-usage/records.csv?period=7d');
    assert.equal(ofRecords.get('tiny'), 'Unknown');
    for (const path of [
      '/ai-usage.csv?period=7d&table=models',
      `/ai-usage/statement.csv?month=${dayOf(at, 'Europe/Lisbon').slice(0, 7)}&table=models`,
    ])
      for (const [model, provider] of await providers(path))
        assert.equal(provider, ofRecords.get(model), `${path}: ${model}`);
  });

  it('are written by a way that holds for every number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = plainNumber(value);
        assert.match(text, /^-?\d+(\.\d+)?$/);
        assert.equal(Number(text), value === 0 ? 0 : value);
      }),
    );
  });
});
