import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
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
import { setTimeout as sleep } from 'node:timers/promises';
import { SETTING_NAMES } from '../../src/config.ts';
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
import { asPeopleStartIt, commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { csvRows, xlsxSheets } from '../support/export.ts';
import { startProxy } from '../support/proxy.ts';
import { needsServer, skip } from '../support/skip.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

/** How a command ended, and what is to be known of all that it said. */
async function ended<T>(
  child: ChildProcess,
  of: (said: { out: string; err: string }) => T,
): Promise<T & { code: number }> {
  const said = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    said.err += chunk;
  });
  const [code] = await once(child, 'close');
  return { ...of(said), code };
}

let many = false;
/** Enough to be met while they are written. */
async function insertMany(): Promise<void> {
  if (many) return;
  many = true;
  await databases().workflows.raw(
    `INSERT INTO token_usage_tracking (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
     SELECT gen_random_uuid(), gen_random_uuid(), 'test', 'many-' || n % 2 + 1, 1, 1, 0.5, '{}', now() - n * interval '1 second'
       FROM generate_series(1, 30007) AS n`,
  );
}

describe('npm run export', function () {
  // A process each, on a machine that may be busy.
  this.timeout(120_000);
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mythoria-admin-export-'));
    script = await commandLine('scripts/export.ts');
    await resetUsage();
    await insertUsage([{ cost: 3, model: 'tts-1' }, { cost: 4 }, { cost: 5 }]);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await resetUsage();
  });

  const env = () => {
    const urls = databaseUrls();
    const unset = Object.fromEntries(SETTING_NAMES.map((name) => [name, '']));
    return {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...unset,
      WORKFLOWS_DATABASE_URL: urls.workflows,
      BACKOFFICE_DATABASE_URL: urls.backoffice,
      MYTHORIA_DATABASE_URL: urls.mythoria,
    };
  };
  let script: string[];
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [...script, ...args], { encoding: 'utf8', env: env() });
  const start = (...args: string[]) => spawn(process.execPath, [...script, ...args], { env: env() });
  const parts = () => readdirSync(folder).filter((name) => name.endsWith('.part'));

  it('writes the same file as the page, says what is in it, and is in the audit log', async function () {
    // A second process beside the tests' own connections.
    needsServer(this);
    const csv = join(folder, 'usage.csv');
    const { status, stdout, stderr } = run('--period', '7d', '--model', 'gpt-5', '--out', csv);
    assert.equal(stderr, '', 'no progress bar where nobody sees it');
    assert.equal(status, 0);
    assert.match(stdout, /usage\.csv: Calls whose model is gpt-5; .*; 2 rows, €0\.000009\n$/);
    assert.deepEqual(
      csvRows(readFileSync(csv, 'utf8')).map((row) => row.Model),
      ['gpt-5', 'gpt-5'],
    );
    assert.deepEqual(readdirSync(folder), ['usage.csv']);
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
      ...['--of', 'statement', '--month', isoFromInstant(at).slice(0, 7), '--out', join(folder, 'statement.json')],
    );
    assert.equal(status, 0, stderr);
    assert.equal(await known(), 1);
  });

  it('keeps a file with prompts to whoever asked for it, also where an old one lies in the way', async function () {
    needsServer(this);
    const out = join(folder, 'prompts.ndjson');
    writeFileSync(out, 'of before', { mode: 0o644 });
    assert.equal(run('--include', 'prompt', '--out', out).status, 0);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.match(readFileSync(out, 'utf8'), /"prompt":/);
  });

  it('has a file of its own until it is whole: of several to one name, the last whole one has it', async function () {
    needsServer(this);
    await insertMany();
    const out = join(folder, 'one.csv');
    const models = ['many-1', 'many-2'];
    const runs = await Promise.all(
      models.map((model) => ended(start('--model', model, '--out', out), ({ out }) => ({ model, said: out }))),
    );
    for (const { code, said } of runs) {
      assert.equal(code, 0);
      assert.match(said, /; [\d,]+ rows, /);
    }
    const rows = csvRows(readFileSync(out, 'utf8'));
    const [model] = rows.map((row) => row.Model);
    const said = runs.find((run) => run.model === model)?.said ?? '';
    assert.equal(rows.length, Number(/; ([\d,]+) rows/.exec(said)?.[1]?.replaceAll(',', '')));
    assert.deepEqual([...new Set(rows.map((row) => row.Model))], [model]);
    assert.deepEqual(parts(), []);
  });

  for (const [way, begin] of [
    ['itself', start],
    // Its own process, as a supervisor does it, and not the group, as a terminal does.
    ['by way of npm', (...args: string[]) => spawn('npm', ['run', '-s', 'export', '--', ...args], { env: env() })],
  ] as const) {
    it(`told to end, ${way}, leaves no part of a file, and the audit log says that it was broken off`, async function () {
      needsServer(this);
      await insertMany();
      const out = join(folder, 'ended.csv');
      const child = begin('--out', out);
      const ending = ended(child, ({ err }) => ({ err }));
      while (parts().length === 0 && child.exitCode === null) await sleep(2);
      child.kill('SIGTERM');
      const end = await ending;
      assert.equal(end.err, 'export: broken off by SIGTERM\n');
      assert.equal(end.code, 143);
      assert.deepEqual(parts(), []);
      assert.equal(existsSync(out), false);
      const lines = await databases().backoffice('audit_log').orderBy('audit_id', 'desc').limit(2);
      assert.deepEqual(
        lines.map(({ action }) => action),
        ['export broken off', 'export'],
      );
      assert.ok(Number(lines[0].rows) < Number(lines[1].rows));
    });
  }

  it('told to end again while it puts its part away, as a supervisor and a terminal may both do it, goes on with that', async function () {
    needsServer(this);
    await insertMany();
    const proxy = await startProxy(databaseUrls().backoffice);
    try {
      const child = spawn(process.execPath, [...script, '--out', join(folder, 'twice.csv')], {
        env: { ...env(), BACKOFFICE_DATABASE_URL: proxy.url },
      });
      const ending = ended(child, ({ err }) => ({ err }));
      while (parts().length === 0 && child.exitCode === null) await sleep(2);
      const tellsTheAudit = proxy.hold();
      child.kill('SIGTERM');
      await Promise.race([tellsTheAudit, ending]);
      child.kill('SIGTERM');
      proxy.release();
      assert.deepEqual(await ending, { err: 'export: broken off by SIGTERM\n', code: 143 });
      assert.deepEqual(parts(), []);
      const line = await databases().backoffice('audit_log').orderBy('audit_id', 'desc').first();
      assert.equal(line.action, 'export broken off');
    } finally {
      await proxy.close();
    }
  });

  it('says what went wrong, also where the audit log cannot be told', async function () {
    needsServer(this);
    await insertMany();
    const { backoffice } = databases();
    const out = join(folder, 'in-the-way.csv');
    await backoffice.raw(
      `ALTER TABLE audit_log ADD CONSTRAINT no_failures CHECK (action <> 'export failed') NOT VALID`,
    );
    try {
      const child = start('--out', out);
      const ending = ended(child, ({ err }) => ({ err }));
      while (parts().length === 0 && child.exitCode === null) await sleep(2);
      mkdirSync(out);
      const end = await ending;
      assert.equal(end.code, 1);
      assert.match(
        end.err,
        /^export: the audit log does not say "export failed": .*no_failures.*\nexport: EISDIR: .*\n$/,
      );
    } finally {
      await backoffice.raw('ALTER TABLE audit_log DROP CONSTRAINT no_failures');
      rmSync(out, { recursive: true, force: true });
    }
    assert.deepEqual(parts(), []);
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
    const out = join(folder, 'nothing.csv');
    const [pipe, linkToPipe] = [join(folder, 'pipe.csv'), join(folder, 'link.csv')];
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    symlinkSync(pipe, linkToPipe);
    for (const [args, message] of [
      [['--period', '2d', '--out', out], /^export: --period takes 1d, 7d, 30d, 90d, all, none\n/],
      [['--period', '30d'], /--out is missing/],
      [['--out', 'usage.pdf'], /--format takes csv, xlsx, json, ndjson/],
      [['--out', out, '--of', 'stories'], /--of takes/],
      [['--out', out, '--of', 'stories/one'], /--of: there is no page of "one"/],
      [
        ['--out', out, '--of', 'statement', '--month', '2026-10', '--model', 'gpt-5'],
        /^export: --model: not of statement/,
      ],
      [['--out', join(folder, 'no', 'such', 'folder.csv')], /^export: --out: there is no folder .*no\/such\n/],
      [['--out', folder, '--format', 'csv'], /^export: --out takes a file; .* is a folder\n/],
      [['--out', pipe], /^export: --out takes a file; .*pipe\.csv is none\n/],
      [['--out', linkToPipe], /^export: --out takes a file; .*link\.csv is none\n/],
      [
        ['--out', join(folder, `${'x'.repeat(300)}.csv`)],
        /^export: --out: .*x\.csv cannot be written \(ENAMETOOLONG\)\n/,
      ],
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
