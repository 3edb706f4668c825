import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { readCoverage } from '../../src/stats/rollups/coverage.ts';
import { createOrigin } from '../../src/stats/rollups/keep/origin.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  isoFromInstant,
  now,
  postgresFromInstant,
  startOfHour,
} from '../../src/units/time.ts';
import { asPeopleStartIt } from '../support/command-line.ts';
import { databases } from '../support/databases.ts';
import { csvRows, xlsxSheets } from '../support/export.ts';
import { needsServer, skip } from '../support/skip.ts';
import { coverUsage, insertUsage } from '../support/usage.ts';

import { exportCommand } from './command.ts';

describe('npm run export', function () {
  // A process each, on a machine that may be busy.
  this.timeout(120_000);
  const { inFolder, run, env } = exportCommand();

  it('writes the same file as the page, says what is in it, and is in the audit log', async function () {
    // A second process beside the tests' own connections.
    needsServer(this);
    const csv = inFolder('usage.csv');
    const { status, stdout, stderr } = run('--period', '7d', '--model', 'gpt-5', '--out', csv);
    assert.equal(stderr, '', 'no progress bar where nobody sees it');
    assert.equal(status, 0);
    assert.match(stdout, /usage\.csv: Calls whose model is gpt-5; .*; 2 rows, €0\.000009\n$/);
    assert.deepEqual(
      csvRows(readFileSync(csv, 'utf8')).map((row) => row.Model),
      ['gpt-5', 'gpt-5'],
    );
    assert.deepEqual(readdirSync(inFolder()), ['usage.csv']);
    const [line] = await databases().backoffice('audit_log').orderBy('audit_id', 'desc').limit(1);
    assert.equal(line.email.split('@')[0], userInfo().username);
    assert.deepEqual([line.action, line.rows], ['export', '2']);

    const xlsx = inFolder('overview');
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

    const model = inFolder('model.csv');
    assert.equal(run('--of', 'models/gpt-5', '--table', 'actions', '--out', model).status, 0);
    assert.deepEqual(
      csvRows(readFileSync(model, 'utf8')).map((row) => row.Requests),
      ['2'],
    );
  });

  it('has rows that came late computed after the file of a statement', async function () {
    needsServer(this);
    const at = addTime(now(), -40n * DAY_OF_24_HOURS);
    await insertUsage(
      Array.from({ length: 30 }, (_, i) => ({ at: addTime(at, -BigInt(i + 1) * HOUR), model: 'late' })),
    );
    await coverUsage();
    // As a server does at every tick: in a database that nobody knows a late row may be any other's.
    const origin = createOrigin(databases(), { info: () => {}, warn: () => {} });
    const coverage = await readCoverage(databases().backoffice);
    await origin.look(coverage);
    await origin.confirm(coverage);
    await insertUsage([{ at, model: 'late' }]);
    const known = async () => {
      const rows = await databases()
        .backoffice('hour_fingerprints')
        .where('hour', postgresFromInstant(startOfHour(at)));
      return rows.length;
    };
    assert.equal(await known(), 0);
    const { status, stderr } = run(
      ...['--of', 'statement', '--month', isoFromInstant(at).slice(0, 7), '--out', inFolder('statement.json')],
    );
    assert.equal(status, 0, stderr);
    assert.equal(await known(), 1);
  });

  it('keeps a file with prompts to whoever asked for it, also where an old one lies in the way', async function () {
    needsServer(this);
    const out = inFolder('prompts.ndjson');
    writeFileSync(out, 'of before', { mode: 0o644 });
    assert.equal(run('--include', 'prompt', '--out', out).status, 0);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.match(readFileSync(out, 'utf8'), /"prompt":/);
  });

  it('runs as a user id without a name, as in a container', function () {
    // Only root may become somebody else.
    needsServer(this);
    if (process.getuid?.() !== 0) return skip(this, 'no right to become another user: it is root who may');
    const open = mkdtempSync(join(tmpdir(), 'mythoria-admin-anybody-'));
    chmodSync(open, 0o777);
    try {
      const out = join(open, 'usage.csv');
      const { status, stderr } = spawnSync(
        process.execPath,
        [...asPeopleStartIt('scripts/export.ts'), '--model', 'tts-1', '--out', out],
        {
          encoding: 'utf8',
          env: { ...env(), HOME: '/' },
          uid: 54_321,
          gid: 54_321,
        },
      );
      assert.equal(stderr, '');
      assert.equal(status, 0);
      assert.equal(csvRows(readFileSync(out, 'utf8')).length, 1);
    } finally {
      rmSync(open, { recursive: true });
    }
  });

  it('says what it takes, and leaves no file behind', function () {
    needsServer(this);
    const out = inFolder('nothing.csv');
    const [pipe, linkToPipe] = [inFolder('pipe.csv'), inFolder('link.csv')];
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    symlinkSync(pipe, linkToPipe);
    for (const [args, message] of [
      [
        ['--period', '2d', '--out', out],
        /^export: --period takes 1d, 7d, 28d, 30d, 90d, all, today, .* or a year \(2026\) from [^\n]*\n/,
      ],
      [['--period', '30d'], /--out is missing/],
      [['--out', 'usage.pdf'], /--format takes csv, xlsx, json, ndjson/],
      [['--out', out, '--of', 'nothing'], /--of takes/],
      [['--out', out, '--of', 'stories/one'], /--of: there is no page of "one"/],
      [
        ['--out', out, '--of', 'statement', '--month', '2026-10', '--model', 'gpt-5'],
        /^export: --model: not of statement/,
      ],
      [['--out', inFolder('no', 'such', 'folder.csv')], /^export: --out: there is no folder .*no\/such\n/],
      [['--out', inFolder(), '--format', 'csv'], /^export: --out takes a file; .* is a folder\n/],
      [['--out', pipe], /^export: --out takes a file; .*pipe\.csv is none\n/],
      [['--out', linkToPipe], /^export: --out takes a file; .*link\.csv is none\n/],
      [['--out', inFolder(`${'x'.repeat(300)}.csv`)], /^export: --out: .*x\.csv cannot be written \(ENAMETOOLONG\)\n/],
    ] as const) {
      const { status, stderr } = run(...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\.part/);
    }
    assert.equal(existsSync(out), false);
    // As /dev/null is: a file in its place would be everybody's.
    assert.ok(statSync(pipe).isFIFO() && lstatSync(linkToPipe).isSymbolicLink());
  });
});
