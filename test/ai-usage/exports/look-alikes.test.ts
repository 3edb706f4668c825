import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fileName } from '../../../src/downloads/send-export.ts';
import { addTime, HOUR, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { csvRows, download, xlsxSheets } from '../../support/export.ts';
import { columnOf, openPage, tableOf, textOf } from '../../support/page.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

/** Pairs that were one column, one key or one file. */
const PAIRS = [
  ['claude-3.5-sonnet', 'claude-3-5-sonnet'],
  ['gpt-5', 'GPT-5'],
  ['gpt-5', 'gpt-5 (batch)'],
  ['gpt-5', 'gpt5'],
  ['Cost', 'cost'],
  ['Requests', 'requests'],
  ['imagen 4', 'imagen-4'],
  ['\u00e9', 'e\u0301'],
  ['=x', "'=x"],
  ["'=x", "''=x"],
] as const;

/** Ways to write a name so that it looks, or is read, as another one. */
const WAYS: ((name: string) => string)[] = [
  (name) => name.toUpperCase(),
  (name) => name.replace(/[-. ]/g, ''),
  (name) => name.replace(/[-. ]/g, '_'),
  (name) => name.replaceAll('-', '.'),
  (name) => name.replaceAll('-', ' '),
  (name) => name.replaceAll('-', '\u2010'),
  (name) => `${name} (batch)`,
  (name) => `[${name}]`,
  (name) => ` ${name}`,
  (name) => `${name} `,
  (name) => `${name}\u200b`,
  (name) => `${name}\u00e9`,
  (name) => `${name}e\u0301`,
  (name) => `'${name}`,
  (name) => `''=${name}`,
  (name) => `=${name}`,
];
const NAMES = ['gpt-5', 'claude-3.5-sonnet', 'Cost', 'requests', 'Other', 'Total', '__proto__', 'parts', 'null', '1e5'];
const anyName = fc
  .tuple(fc.constantFrom(...NAMES), fc.array(fc.constantFrom(...WAYS), { maxLength: 2 }))
  .map(([name, ways]) => ways.reduce((written, way) => way(written), name));
const names = fc.uniqueArray(anyName, { minLength: 2, maxLength: 10 });

describe('names that look alike', () => {
  let origin: string;
  let client: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
  });
  after(resetUsage);

  const file = async (path: string) => {
    const { status, bytes, text } = await download(origin, client, path);
    assert.equal(status, 200, path);
    return { bytes, text };
  };
  const micro = (euros: unknown) => Math.round(Number(euros) * 1_000_000);
  type Costs = [name: string, cost: number][];
  const inOrder = (costs: Costs) => [...costs].sort(([a], [b]) => (a < b ? -1 : 1));

  type Row = Record<string, unknown>;
  const HEADINGS = { model: 'Model', part: 'Part id', parts: 'Parts', cost: 'Cost', aiModel: 'Model' };
  /** By the names of JSON, from a file whose cells have headings; `text` reads one as its format means it. */
  const named = (row: Row, text: (cell: unknown) => unknown): Row => ({
    ...Object.fromEntries(Object.entries(HEADINGS).map(([name, heading]) => [name, text(row[heading] ?? '')])),
    cost: row.Cost ?? row['Cost (€)'],
    parts: JSON.parse(String(row.Parts ?? '{}')),
  });
  const pathOf = (table: string, extension: string) =>
    table === 'records'
      ? `/ai-usage/records.${extension}?period=7d`
      : `/ai-usage.${extension}?period=7d&table=${table}`;
  const inJson = (row: Row): Row => ({ ...row, cost: row.cost ?? row.estimatedCostInEuros });
  /** As docs/exports.md says how to read it: an apostrophe less in front of what would be a formula. */
  const meant = (cell: unknown) => String(cell).replace(/^'(?='*[=+@-])/, '');
  /** The rows of a table in each format. */
  const FORMATS: Record<string, (table: string) => Promise<Row[]>> = {
    json: async (table) => JSON.parse((await file(pathOf(table, 'json'))).text).tables[table].map(inJson),
    ndjson: async (table) => {
      const lines = (await file(pathOf(table, 'ndjson'))).text.trim().split('\n').slice(1);
      return lines.map((line) => inJson(JSON.parse(line)));
    },
    csv: async (table) => csvRows((await file(pathOf(table, 'csv'))).text).map((row) => named(row, meant)),
    xlsx: async (table) => {
      const [sheet] = await xlsxSheets((await file(pathOf(table, 'xlsx'))).bytes);
      return (sheet?.rows ?? []).map((row) => named(row, String));
    },
  };

  /** Each name has an amount of its own, so that none can stand in for another. */
  const check = async (models: readonly string[]) => {
    await resetUsage();
    const wanted = inOrder(models.map((model, i) => [model, 1_000_000 * 2 ** i + i]));
    const at = addTime(now(), -HOUR);
    await insertUsage(wanted.map(([model, cost]) => ({ model, cost, at })));

    const total = wanted.reduce((sum, [, cost]) => sum + cost, 0);
    for (const [format, rowsOf] of Object.entries(FORMATS)) {
      const costs = async (table: string, key: string): Promise<Costs> =>
        inOrder((await rowsOf(table)).map((row) => [row[key] as string, micro(row.cost)]));
      assert.deepEqual(await costs('models', 'model'), wanted, format);
      assert.deepEqual(await costs('parts', 'part'), wanted, format);
      const usage = await rowsOf('usage');
      const parts = usage.flatMap((row) => Object.entries(row.parts as Record<string, string>));
      assert.deepEqual(inOrder(parts.map(([key, cost]) => [key, micro(cost)])), wanted, format);
      assert.equal(
        usage.reduce((sum, { cost }) => sum + micro(cost), 0),
        total,
        format,
      );
      const records = await rowsOf('records');
      assert.deepEqual(inOrder(records.map((row) => [row.aiModel as string, micro(row.cost)])), wanted, format);
    }

    const page = await openPage(client, '/ai-usage?period=7d');
    assert.equal(new Set(columnOf(tableOf(page, 'Models'), 'Cost').map((cell) => cell.micro)).size, models.length);
    const ids = page.querySelectorAll('[id]').map((one) => one.getAttribute('id'));
    assert.equal(new Set(ids).size, ids.length, 'anchors');
    const swatches = page.querySelectorAll('.legend i').map((one) => one.getAttribute('class'));
    assert.equal(new Set(swatches).size, swatches.length, 'colours');
    assert.equal(swatches.length >= Math.min(models.length, 6), true, textOf(page.querySelector('.legend')));
    const links = page.querySelectorAll('#usage a.details').map((one) => one.getAttribute('href') ?? '');
    const ofModels = links.filter((href) => href.startsWith('/ai-usage/models/'));
    assert.equal(new Set(ofModels).size, models.length, 'pages');
    for (const href of ofModels.slice(0, 3)) {
      const table = tableOf(await openPage(client, href), 'Actions');
      assert.equal(table.rows.length, 1, href);
      assert.ok(
        wanted.some(([, cost]) => cost === columnOf(table, 'Cost')[0]?.micro),
        href,
      );
    }
  };

  for (const pair of PAIRS) {
    it(`stay apart in all four formats and on the page: ${pair.map((name) => JSON.stringify(name)).join(' and ')}`, () =>
      check(pair));
  }

  it('stay apart whatever they are', async () => {
    await fc.assert(fc.asyncProperty(names, check), { numRuns: runs(4) });
  });

  it('are files of different names, for file systems too that mind neither case nor Unicode form', () => {
    const asFileSystem = (name: string) => name.normalize('NFC').toLowerCase();
    fc.assert(
      fc.property(names, (models) => {
        const files = models.map((model) => fileName(`/ai-usage/models/${encodeURIComponent(model)}?period=7d`));
        assert.equal(new Set(files.map(asFileSystem)).size, models.length, files.join(' '));
        for (const one of files) assert.match(one, /^[\p{L}\p{N}._-]+$/u);
      }),
    );
    const long = fc.string({
      unit: fc.constantFrom('字', '한', 'é', 'a', 'A', '-', '𝒳'),
      minLength: 98,
      maxLength: 100,
    });
    fc.assert(
      fc.property(long, long, fc.nat(99), (one, end, i) => {
        // Two that are alike but for their end, or for one letter.
        const [letters, lastLetters] = [[...one], [...end]];
        const others = [
          [...letters.slice(0, i), ...lastLetters.slice(i)].join(''),
          letters.slice(0, -1).join(''),
        ].filter((other) => other !== one);
        const [first, ...rest] = [one, ...others].map((name) =>
          fileName(`/ai-usage/models/${encodeURIComponent(name)}`),
        );
        for (const file of [first ?? '', ...rest])
          for (const form of ['NFC', 'NFD'])
            assert.ok(Buffer.byteLength(`${file.normalize(form)}-+012026-10-31T104441Z.ndjson`) <= 255, file);
        for (const file of rest) assert.notEqual(asFileSystem(file), asFileSystem(first ?? ''));
      }),
      { numRuns: 300 },
    );
    for (const [one, other] of PAIRS)
      assert.notEqual(
        asFileSystem(fileName(`/ai-usage/models/${encodeURIComponent(one)}`)),
        asFileSystem(fileName(`/ai-usage/models/${encodeURIComponent(other)}`)),
      );
    assert.equal(fileName('/ai-usage/models/gpt-5?asOf=2026-10-31T00%3A00%3A00Z'), 'ai-usage-models-gpt-5');
    const alike = [
      ...[
        '',
        '?period=7d',
        '?period=90d',
        '?model=gpt-5',
        '?model=GPT-5',
        '?model=gpt+5',
        '?model=a&model=b',
        '?model=b&model=a',
      ],
      ...[
        '?search=a',
        '?search=A',
        '?search=a--model-b',
        '?search=a&story=b',
        '-period-7d',
        '--period-7d',
        '?model=a%26model=b',
      ],
    ].map((query) => fileName(`/ai-usage/models/gpt-5${query}`));
    assert.equal(new Set(alike.map(asFileSystem)).size, alike.length, alike.join(' '));
    assert.equal(alike[1], 'ai-usage-models-gpt-5--period-7d');
    assert.equal(fileName('/ai-usage/statement?month=2026-10&asOf=2026-11-01'), 'ai-usage-statement--month-2026-10');
    assert.equal(fileName('/audit'), 'audit');
  });
});
