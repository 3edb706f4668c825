import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { SETTING_NAMES } from '../../src/config.ts';
import { databases, databaseUrls, onServer } from '../support/databases.ts';
import { csvRows, xlsxSheets } from '../support/export.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('npm run export', () => {
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mythoria-admin-export-'));
    await resetUsage();
    await insertUsage([{ cost: 3, model: 'tts-1' }, { cost: 4 }, { cost: 5 }]);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await resetUsage();
  });

  const run = (...args: string[]) => {
    const urls = databaseUrls();
    const unset = Object.fromEntries(SETTING_NAMES.map((name) => [name, '']));
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...unset,
      WORKFLOWS_DATABASE_URL: urls.workflows,
      BACKOFFICE_DATABASE_URL: urls.backoffice,
      MYTHORIA_DATABASE_URL: urls.mythoria,
    };
    return spawnSync(process.execPath, ['--import', 'tsx', 'scripts/export.ts', ...args], { encoding: 'utf8', env });
  };

  it('writes the same file as the page, says what is in it, and is in the audit log', async function () {
    // A second process beside the tests' own connections.
    if (!onServer()) return this.skip();
    const csv = join(folder, 'usage.csv');
    const { status, stdout, stderr } = run('--period', '7d', '--model', 'gpt-5', '--out', csv);
    assert.equal(stderr, '', 'no progress bar where nobody sees it');
    assert.equal(status, 0);
    assert.match(stdout, /usage\.csv: Calls whose model is gpt-5; .*; 2 rows, €0\.000009\n$/);
    assert.deepEqual(
      csvRows(readFileSync(csv, 'utf8')).map((row) => row.Model),
      ['gpt-5', 'gpt-5'],
    );
    assert.equal(existsSync(`${csv}.part`), false);
    const [line] = await databases().backoffice('audit_log').orderBy('audit_id', 'desc').limit(1);
    assert.equal(line.email.split('@')[0], userInfo().username);
    assert.deepEqual([line.action, line.rows], ['export', '2']);

    const xlsx = join(folder, 'overview');
    assert.equal(run('--of', 'overview', '--format', 'xlsx', '--out', xlsx).status, 0);
    const sheets = await xlsxSheets(readFileSync(xlsx));
    assert.deepEqual(
      sheets.map(({ name }) => name),
      [
        'Usage by day',
        'Usage by day, in parts',
        'Models',
        'Actions',
        'Providers',
        'Why the cost changed, by model',
        'Past forecasts',
        'About',
      ],
    );

    const model = join(folder, 'model.csv');
    assert.equal(run('--of', 'models/gpt-5', '--table', 'actions', '--out', model).status, 0);
    assert.deepEqual(
      csvRows(readFileSync(model, 'utf8')).map((row) => row.Requests),
      ['2'],
    );
  });

  it('keeps a file with prompts to whoever asked for it, also where an old one lies in the way', async function () {
    if (!onServer()) return this.skip();
    const out = join(folder, 'prompts.ndjson');
    writeFileSync(`${out}.part`, 'left behind', { mode: 0o644 });
    assert.equal(run('--include', 'prompt', '--out', out).status, 0);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.match(readFileSync(out, 'utf8'), /"prompt":/);
  });

  it('says what it takes, and leaves no file behind', function () {
    if (!onServer()) return this.skip();
    const out = join(folder, 'nothing.csv');
    for (const [args, message] of [
      [['--period', '2d', '--out', out], /^export: --period takes 1d, 7d, 30d, 90d, all, none\n/],
      [['--period', '30d'], /--out is missing/],
      [['--out', 'usage.pdf'], /--format takes csv, xlsx, json, ndjson/],
      [['--out', out, '--of', 'stories'], /--of takes/],
      [['--out', out, '--of', 'stories/one'], /--of: there is no page of "one"/],
      [['--out', join(folder, 'no', 'such', 'folder.csv')], /^export: --out: there is no folder .*no\/such\n/],
      [['--out', folder, '--format', 'csv'], /^export: --out takes a file; .* is a folder\n/],
    ] as const) {
      const { status, stderr } = run(...args);
      assert.equal(status, 2);
      assert.match(stderr, message);
    }
    assert.equal(existsSync(out), false);
  });
});
