import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type HTMLElement, parse } from 'node-html-parser';
import { foldedJson } from '../../../src/ai-usage/record/folded-json.ts';
import { MOST_CELL_CHARACTERS } from '../../../src/export/sheet-xml.ts';
import { createFormat } from '../../../src/units/format.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { csvRows, download, xlsxSheets } from '../../support/export.ts';
import { openPage, textOf } from '../../support/page.ts';
import { resetUsage } from '../../support/usage.ts';
import { insertPrompts, RECORDS, stored } from './stored-prompts.ts';

const PICTURE = `'data:image/png;base64,' || repeat('iVBORw0KGgoA', 100000)`;
const NUMBERS = `'{"n": 9007199254740993, "seed": 12345678901234567890.10, "big": 1e400, "one": 1.0}'`;
const SHAPES = {
  numbers: NUMBERS,
  deep: `(repeat('[', 3000) || '1' || repeat(']', 3000))::jsonb`,
  picture: `jsonb_build_object('prompt', 'Draw', 'image', ${PICTURE})`,
  'a picture without a name': `jsonb_build_object('n', 1, 'data', '/9j/' || repeat('4AAQSkZJRgAB', 30000))`,
  // Two bytes a character, at odd places: the pieces that it is read in end within characters.
  long: `jsonb_build_object('a', repeat('é', 1234567), 'b', repeat('Era uma vez. ', 8000))`,
  'long, stored in few bytes': `jsonb_build_object('a', repeat('Era uma vez. ', 9000))`,
  'just too long to be held': `to_jsonb(repeat('é ', 20000))`,
  string: `'"just text"'`,
  null: `'null'`,
  empty: `'{"a": [], "b": {}}'`,
} as const;

describe('a prompt of any size and shape', () => {
  let app: RunningApp;
  let client: Client;
  let ids: Record<keyof typeof SHAPES, string>;
  let texts: Map<string, string>;

  before(async () => {
    app = await startApp();
    client = await signedIn(app.origin);
    await resetUsage();
    const inserted = await insertPrompts(Object.values(SHAPES));
    ids = Object.fromEntries(Object.keys(SHAPES).map((name, i) => [name, inserted[i]])) as typeof ids;
    texts = await stored();
  });
  beforeEach(forgetAudit);
  after(async () => {
    await app.close();
    await resetUsage();
  });

  const pageOf = (name: keyof typeof SHAPES) => openPage(client, `${RECORDS}/${ids[name]}/prompt`);
  /** What was folded on a page, and all of its prompt as it is printed. */
  const shown = (page: HTMLElement) => {
    const pre = parse(page.querySelector('pre.prompt')?.innerHTML ?? '');
    return {
      folded: pre.querySelectorAll('mark').map((mark) => mark.text),
      text: pre.text,
      about: textOf(page.querySelector('.about-prompt')),
    };
  };

  describe('is exported as PostgreSQL’s text, to the character', () => {
    const path = (extension: string) => `${RECORDS}.${extension}?period=all&include=prompt`;

    it('NDJSON', async () => {
      const { text } = await download(app.origin, client, path('ndjson'));
      const [, ...lines] = text.trimEnd().split('\n');
      assert.equal(lines.length, texts.size);
      for (const line of lines) {
        const [id = ''] = /(?<="tokenUsageId":")[^"]+/.exec(line) ?? [];
        // Not parsed: that would read another number than the one that stands there.
        assert.ok(line.endsWith(`,"prompt":${texts.get(id)}}`), line.slice(0, 500));
      }
    });

    it('JSON', async () => {
      const { text } = await download(app.origin, client, path('json'));
      assert.equal(JSON.parse(text).tables.records.length, texts.size);
      for (const prompt of texts.values()) assert.ok(text.includes(`,"prompt":${prompt}}`), prompt.slice(0, 100));
    });

    it('CSV', async () => {
      const { text } = await download(app.origin, client, path('csv'));
      const rows = csvRows(text);
      assert.equal(rows.length, texts.size);
      for (const row of rows) assert.ok(row.Prompt === texts.get(row['Record id'] ?? ''), row.Prompt?.slice(0, 100));
    });

    it('Excel, as much as a cell holds', async () => {
      const { bytes } = await download(app.origin, client, path('xlsx'));
      const rows = (await xlsxSheets(bytes)).find(({ rows }) => rows[0]?.Prompt !== undefined)?.rows ?? [];
      assert.equal(rows.length, texts.size);
      for (const row of rows) {
        const whole = texts.get(String(row['Record id'])) ?? '';
        const note = ` … [cut: ${whole.length} characters, a cell holds ${MOST_CELL_CHARACTERS}]`;
        const cell =
          whole.length <= MOST_CELL_CHARACTERS ? whole : whole.slice(0, MOST_CELL_CHARACTERS - note.length) + note;
        assert.ok(row.Prompt === cell, String(row.Prompt).slice(-100));
      }
    });
  });

  it('is a file of its own, byte for byte, written down as a look', async () => {
    for (const id of Object.values(ids)) {
      await forgetAudit();
      const page = await openPage(client, `${RECORDS}/${id}/prompt`);
      const href =
        page
          .querySelectorAll('a.button')
          .find((link) => /Download/.test(link.text))
          ?.getAttribute('href') ?? '';
      const { status, headers, text } = await download(app.origin, client, href);
      assert.equal(status, 200);
      assert.match(headers['content-type'] ?? '', /^application\/json/);
      assert.equal(headers['content-disposition'], `attachment; filename=prompt-${id}.json`);
      assert.ok(text === texts.get(id));
      assert.deepEqual(
        (await auditLines()).map(({ action, subject, details }) => [action, subject, details]),
        [
          ['open prompt', id, ''],
          ['open prompt', id, 'all of it, as a file'],
        ],
      );
    }
  });

  it('is a page of a size that a browser takes, whatever its own', async () => {
    for (const name of Object.keys(SHAPES) as (keyof typeof SHAPES)[]) {
      const page = await client.get(`${RECORDS}/${ids[name]}/prompt`);
      assert.equal(page.status, 200);
      assert.ok(page.text.length < 500_000, `${name}: ${page.text.length}`);
    }
  });

  it('shows numbers as they are stored', async () => {
    const { text, folded } = shown(await pageOf('numbers'));
    for (const number of ['9007199254740993', '12345678901234567890.10', `1${'0'.repeat(400)}`.slice(0, 30), '1.0']) {
      assert.ok(text.includes(number), number);
    }
    assert.deepEqual(folded, ['… 361 more characters']);
  });

  it('folds pictures, and shows what stands beside them', async () => {
    const { folded, text, about } = shown(await pageOf('picture'));
    assert.deepEqual(folded, ['image/png, 900 kB']);
    assert.equal(text, '{\n    "image": "image/png, 900 kB",\n    "prompt": "Draw"\n}');
    assert.equal(about, '1.2 MB in all. What nobody reads is folded.');
    assert.deepEqual(shown(await pageOf('a picture without a name')).folded, ['image/jpeg, 270 kB']);
  });

  it('folds pictures in lines, as mail writes them', async () => {
    const lines = (lineBreak: string, before = '') =>
      `jsonb_build_object('prompt', E'Draw:\\n', 'image', ${before} regexp_replace(repeat('iVBORw0KGgoA', 100000), '(.{76})', E'\\\\1${lineBreak}', 'g'))`;
    const inserted = await insertPrompts([
      lines('\\n'),
      lines('\\r\\n'),
      lines('\\r\\n', `'data:image/png;base64,' ||`),
      lines('\\n', `E'See:\\n' ||`),
      `jsonb_build_object('words', repeat(E'palavra\\noutra\\n', 20))`,
    ]);
    const found = [];
    for (const id of inserted) found.push(shown(await openPage(client, `${RECORDS}/${id}/prompt`)));
    for (const { folded, text } of found.slice(0, 4)) {
      assert.deepEqual(folded, ['image/png, 900 kB'], text.slice(0, 300));
      assert.match(text, /^\{\n {4}"image": "(See:\\n)?image\/png, 900 kB",\n {4}"prompt": "Draw:\\n"\n\}$/);
    }
    assert.deepEqual(found[4]?.folded, [], 'words in lines are none');
    await databases().workflows('token_usage_tracking').whereIn('token_usage_id', inserted).delete();
  });

  it('folds pictures in lines wherever a piece of what is read begins and ends', async () => {
    const [id = ''] = await insertPrompts([`'null'`]);
    for (const lineBreak of ['\\n', '\\r\\n']) {
      for (let start = 0; start < 80; start += 1) {
        await databases().workflows.raw(
          `UPDATE token_usage_tracking
              SET input_prompt_json = jsonb_build_array(repeat('.', ${900 + start}),
                    regexp_replace(repeat('iVBORw0KGgoA', 400), '(.{76})', E'\\\\1${lineBreak}', 'g'), E'Draw:\\n')
            WHERE token_usage_id = ?`,
          [id],
        );
        const { text } = shown(await openPage(client, `${RECORDS}/${id}/prompt`));
        assert.equal(
          text.replace(/\.{900,}/, ''),
          '[\n    "",\n    "image/png, 3.6 kB",\n    "Draw:\\n"\n]',
          `${lineBreak}, ${start}`,
        );
      }
    }
    await databases().workflows('token_usage_tracking').where({ token_usage_id: id }).delete();
  });

  it('shows the beginning of what is long without half a character of its text', async () => {
    const characters = { control: 'chr(1)', backslash: String.raw`'\'`, 'line break': 'chr(10)' };
    const whole = { control: String.raw`\\u0001`, backslash: String.raw`\\\\`, 'line break': String.raw`\\n` };
    const names = Object.keys(characters) as (keyof typeof characters)[];
    const inserted = await insertPrompts(
      names.flatMap((name) =>
        Array.from({ length: 6 }, (_, i) => `to_jsonb(repeat('.', ${i}) || repeat(${characters[name]}, 110000))`),
      ),
    );
    for (const [i, id] of inserted.entries()) {
      const name = names[Math.floor(i / 6)] as keyof typeof characters;
      const { text } = shown(await openPage(client, `${RECORDS}/${id}/prompt`));
      assert.match(text, new RegExp(`^"\\.*(${whole[name]})+$`), `${name}, ${i % 6}: ${text.slice(-10)}`);
    }
    await databases().workflows('token_usage_tracking').whereIn('token_usage_id', inserted).delete();
  });

  it('folds what is nested deeper than a person can read', async () => {
    const { folded, about } = shown(await pageOf('deep'));
    assert.deepEqual(folded, ['2,980 more levels, 6 kB']);
    assert.equal(about, '6 kB in all. What nobody reads is folded.');
  });

  it('shows the beginning of what is long, and says so', async () => {
    const { text, about } = shown(await pageOf('long, stored in few bytes'));
    assert.ok(text.startsWith('{\n    "a": "Era uma vez. Era uma vez.'));
    assert.ok(text.length < 210_000);
    assert.equal(about, '120 kB in all.');
    const long = shown(await pageOf('long'));
    assert.match(long.text, /^\{\n {4}"a": "é+$/);
    assert.equal(long.about, '2.6 MB in all, of which the beginning is shown.');
  });

  it('says of every run how long it is, wherever it begins', async () => {
    const runs = [300, 399, 400, 999, 1064, 1500, 2000, 3100].flatMap((length, i) =>
      [0, 1, 63, 64, 500, 936, 937, 999].map((before) => ({ length, before: before + i })),
    );
    const inserted = await insertPrompts([
      `(SELECT jsonb_agg(repeat('. ', before) || repeat('x', length)) FROM json_to_recordset('${JSON.stringify(runs)}') AS runs(length int, before int))`,
    ]);
    const page = await openPage(client, `${RECORDS}/${inserted[0]}/prompt`);
    const { folded } = shown(page);
    const expected = runs
      .filter(({ length }) => length >= 400)
      .map(({ length }) => `… ${(length - 40).toLocaleString('en')} more characters`);
    // The last may lie where the reading ends.
    assert.ok(folded.length > 30);
    assert.deepEqual(folded.slice(0, -1), expected.slice(0, folded.length - 1));
    await databases().workflows('token_usage_tracking').where({ token_usage_id: inserted[0] }).delete();
  });

  it('indents any JSON without changing it', () => {
    const format = createFormat('en-GB', 'UTC');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const { parts, cut } = foldedJson({ text: JSON.stringify(value), gaps: [], cut: false }, 200_000, format);
        const text = parts.map((part) => ('text' in part ? part.text : part.folded)).join('');
        assert.equal(cut, false);
        assert.equal(text, JSON.stringify(value, null, 4));
      }),
    );
  });
});
