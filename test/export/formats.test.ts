import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { readXlsx } from 'hucre/xlsx';
import { EXTENSIONS } from '../../src/export/formats.ts';
import { MOST_CELL_CHARACTERS, MOST_SHEET_ROWS, STYLES } from '../../src/export/sheet-xml.ts';
import type { ExportColumn, ExportFile } from '../../src/export/table.ts';
import type { Value } from '../../src/tables/values.ts';
import { csvRows, xlsxSheets } from '../support/export.ts';
import { missing } from '../support/skip.ts';
import { runs } from '../support/thorough.ts';
import {
  cellsAsOpened,
  fileOf,
  isFormula,
  MANIFEST,
  TEXT,
  text,
  withoutApostrophes,
  written,
} from './written-files.ts';

describe('formats', () => {
  it('give back any text through parsers that are not ours, but for what a spreadsheet would run', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 10 }), async (rows) => {
        const file = fileOf(TEXT, rows);
        const plain = (row: Record<string, string>) => [row.First, row.Second].map(withoutApostrophes);
        const expected = rows.map((row) => row.map(withoutApostrophes));
        // The parser of this test takes a lone # for a comment, which a cell of ours may begin with.
        const csv = (await written(file, 'csv')).toString();
        assert.deepEqual(csvRows(csv, ',', { comment: '' }).map(plain), expected);
        const excel = (await written(file, 'csv', { dialect: 'excel-pt' })).toString();
        assert.deepEqual(csvRows(excel, ';', { comment: '' }).map(plain), expected);
        const json = JSON.parse((await written(file, 'json')).toString());
        assert.deepEqual(
          json.tables.things,
          rows.map(([first, second]) => ({ first, second })),
        );
      }),
      { numRuns: runs(200) },
    );
  });

  it('write no two texts alike, an apostrophe of ours and one of theirs among them', async () => {
    const near = fc.string({ unit: fc.constantFrom("'", '=', '-', ',', ';', '\t', '\n', '"', 'x'), maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(near, { minLength: 2, maxLength: 200 }), async (texts) => {
        const file = fileOf(
          TEXT,
          texts.map((one, i) => [String(i), one]),
        );
        for (const [dialect, separator] of [
          ['rfc4180', ','],
          ['excel-pt', ';'],
        ] as const) {
          const rows = csvRows((await written(file, 'csv', { dialect })).toString(), separator, { comment: '' });
          assert.equal(new Set(rows.map((row) => row.Second)).size, texts.length);
          // And nothing of it is run.
          for (const { Second } of rows) assert.ok(!isFormula(Second ?? ''), Second);
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it('give back any text through a workbook', async () => {
    // XML has no place for these two.
    const writable = text.map((value) => value.replace(/\ufffe/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(writable, { minLength: 1, maxLength: 20 }), async (values) => {
        const rows = values.map((value, i) => [String(i), value]);
        const [sheet] = await xlsxSheets(await written(fileOf(TEXT, rows), 'xlsx'));
        assert.deepEqual(
          sheet?.rows.map((row) => row.Second ?? ''),
          values,
        );
      }),
      { numRuns: runs(100) },
    );
  });

  it('make no formula of text or of what a file is about, whichever list separator opens it', async () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'=+-@＝＋－＠\t\r\n\0",;|\'x'), maxLength: 12 });
    const json: ExportColumn = { name: 'prompt', label: 'Prompt', kind: 'json' };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(hostile, hostile, hostile), { minLength: 1, maxLength: 5 }),
        fc.constantFrom('rfc4180' as const, 'excel-pt' as const),
        fc.constantFrom(',', ';', '\t', '|'),
        async (rows, dialect, separator) => {
          // As PostgreSQL writes jsonb: a space behind every comma.
          const prompt = (said: string) => `{"a": ${JSON.stringify(said)}, "b": -1}`;
          const file = fileOf(
            [...TEXT, json],
            rows.map(([first, second, said]) => [first, second, prompt(said)]),
          );
          file.manifest.filters = rows.flat().join('');
          const text = (await written(file, 'csv', { dialect, manifest: true })).toString().replace('\ufeff', '');
          assert.deepEqual(cellsAsOpened(text, separator).filter(isFormula), []);
          const own = dialect === 'rfc4180' ? ',' : ';';
          const read: string[][] = parse(text, { delimiter: own, relax_column_count: true });
          assert.deepEqual(
            read.slice(1, -1).map(([, , said]) => JSON.parse(said ?? '')),
            rows.map(([, , said]) => ({ a: said, b: -1 })),
          );
          const about = read.at(-1);
          assert.equal(about?.length, 1);
          assert.equal(JSON.parse(about?.[0]?.replace('# ', '') ?? '').filters, file.manifest.filters);
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('write JSON that comes in pieces as they write it whole', async () => {
    const json: ExportColumn[] = [
      { name: 'prompt', label: 'Prompt', kind: 'json' },
      { name: 'second', label: 'Second', kind: 'text' },
    ];
    const hostile = fc.string({ unit: fc.constantFrom(...'=+-@＝\t\r\n\0",;\'x'), minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(hostile, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('rfc4180' as const, 'excel-pt' as const),
        fc.constantFrom(...EXTENSIONS),
        async (pieces, dialect, extension) => {
          // In quotes, as everything large is: a comma, a semicolon and a quote are in it.
          const given = [',;"', ...pieces];
          const whole = await written(fileOf(json, [[given.join(''), 'x']]), extension, { dialect });
          const large = {
            pieces: async function* () {
              yield* given;
            },
          };
          const inPieces = await written(fileOf(json, [[large, 'x']]), extension, { dialect });
          if (extension !== 'xlsx') return assert.equal(inPieces.toString(), whole.toString());
          assert.deepEqual(await xlsxSheets(inPieces), await xlsxSheets(whole));
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('look at each of many separators once', async () => {
    const json: ExportColumn[] = [{ name: 'prompt', label: 'Prompt', kind: 'json' }];
    const text = JSON.stringify(';'.repeat(300_000));
    const began = process.cpuUsage();
    const [row] = csvRows((await written(fileOf(json, [[text]]), 'csv')).toString());
    assert.equal(row?.Prompt, text);
    // Of the processor's time, however busy the machine: looked at from each of them, they would take a minute.
    assert.ok(process.cpuUsage(began).user < 5_000_000);
  });

  it('make no formula of text, and no text of numbers', async () => {
    const columns: ExportColumn[] = [
      ...TEXT,
      { name: 'n', label: 'N', kind: 'integer' },
      { name: 'cost', label: 'Cost', kind: 'euros' },
    ];
    const file = fileOf(columns, [['=1+1', '@SUM(A1)', -5, -4213]]);
    assert.deepEqual(csvRows((await written(file, 'csv')).toString()), [
      { First: "'=1+1", Second: "'@SUM(A1)", N: '-5', 'Cost (€)': '-0.004213' },
    ]);
    const [sheet] = await xlsxSheets(await written(file, 'xlsx'));
    assert.deepEqual(sheet?.rows, [{ First: '=1+1', Second: '@SUM(A1)', N: -5, Cost: -0.004213 }]);
  });

  it('say so where a cell is cut, and go on in a further sheet where one is full', async () => {
    const long = 'x'.repeat(MOST_CELL_CHARACTERS + 1);
    const [cut] = await xlsxSheets(await written(fileOf(TEXT, [[long, 'y'.repeat(MOST_CELL_CHARACTERS)]]), 'xlsx'));
    const cell = String(cut?.rows[0]?.First);
    assert.equal(cell.length, MOST_CELL_CHARACTERS);
    assert.match(cell, /x … \[cut: 32768 characters, a cell holds 32767\]$/);
    assert.equal(String(cut?.rows[0]?.Second).length, MOST_CELL_CHARACTERS);

    const most = MOST_SHEET_ROWS - 1;
    const one: ExportColumn[] = [{ name: 'n', label: 'N', kind: 'integer' }];
    const file = fileOf(one, []);
    const numbers = function* () {
      for (let n = 0; n < most + 2; n += 1000)
        yield Array.from({ length: Math.min(1000, most + 2 - n) }, (_, i) => [n + i]);
    };
    const bytes = await written(
      { ...file, tables: [{ ...file.tables[0], batches: numbers() } as ExportFile['tables'][0]] },
      'xlsx',
    );
    const sheets = await xlsxSheets(bytes);
    assert.deepEqual(
      sheets.map(({ name, rows }) => [name, rows.length]),
      [
        ['Things', most],
        ['Things (2)', 2],
        ['About', 8],
      ],
    );
    assert.deepEqual(sheets[1]?.rows, [{ N: most }, { N: most + 1 }]);
  });

  it('are workbooks whose first sheet is the data, whose text is as it was typed, and that say whose they are and what of', async () => {
    const file = fileOf(TEXT, [
      ['-100.0%', '=1+1'],
      ["'quoted", '@SUM(A1)'],
    ]);
    const bytes = await written({ ...file, manifest: { ...file.manifest, title: 'Model <a> & "b"' } }, 'xlsx');
    const { sheets, properties } = await readXlsx(bytes, { readStyles: true });
    assert.deepEqual(
      sheets.map(({ name }) => name),
      ['Things', 'About'],
    );
    assert.deepEqual(sheets[0]?.rows.slice(1), [
      ['-100.0%', '=1+1'],
      ["'quoted", '@SUM(A1)'],
    ]);
    // Spreadsheets show an apostrophe where a style has this.
    assert.doesNotMatch(STYLES, /quotePrefix/);
    assert.equal(sheets[0]?.cells?.get('1,0')?.style?.numFmt, '@');
    assert.match(STYLES, /<cellStyle name="Normal" xfId="0" builtinId="0"\/>/);
    assert.deepEqual(
      [properties?.title, properties?.creator, properties?.created],
      ['Model <a> & "b"', 'Mythoria Admin · AI usage', new Date(Number(MANIFEST.asOf / 1000n))],
    );
  });

  it('look broken when their rows break off', async () => {
    for (const extension of EXTENSIONS) {
      const failing = async function* (): AsyncGenerator<Value[][]> {
        yield [['a', 'b']];
        throw new Error('the database is gone');
      };
      const file = fileOf(TEXT, []);
      const broken = { ...file, tables: [{ ...file.tables[0], batches: failing() } as ExportFile['tables'][0]] };
      await assert.rejects(written(broken, extension), /the database is gone/, extension);
    }
  });

  it('are opened by LibreOffice', async function () {
    const office = ['libreoffice', 'soffice'].find((command) => {
      try {
        execFileSync(command, ['--version'], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    });
    if (!office) return missing(this, 'LibreOffice');
    const folder = mkdtempSync(join(tmpdir(), 'mythoria-admin-export-'));
    try {
      const columns: ExportColumn[] = [...TEXT, { name: 'cost', label: 'Cost', kind: 'euros' }];
      const path = join(folder, 'things.xlsx');
      writeFileSync(path, await written(fileOf(columns, [['ã "quoted", text', '=1+1', 4213]]), 'xlsx'));
      // Its filter's options: comma, quote, UTF-8, … and every sheet in a file of its own.
      const filter = 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1';
      execFileSync(office, ['--headless', '--convert-to', filter, '--outdir', folder, path], { stdio: 'ignore' });
      const [row] = csvRows(readFileSync(join(folder, 'things-Things.csv'), 'utf8'));
      assert.equal(row?.First, 'ã "quoted", text');
      assert.equal(row?.Second, '=1+1');
      assert.match(row?.Cost ?? '', /0[.,]004213/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
