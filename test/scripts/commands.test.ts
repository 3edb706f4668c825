import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTING_NAMES } from '../../src/config.ts';
import { commandLine } from '../support/command-line.ts';
import { databaseUrls } from '../support/databases.ts';
import { freePort } from '../support/ports.ts';
import { needsServer } from '../support/skip.ts';

type Result = { code: number; stdout: string; stderr: string };

describe('every command', () => {
  let folder: string;
  let commands: [name: string, script: string][];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-commands-'));
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
    commands = Object.entries(scripts).flatMap(([name, line]) => {
      const [, script] = /^exec node --import tsx (scripts\/\S+\.ts)$/.exec(line) ?? [];
      return script ? [[name, script] as [string, string]] : [];
    });
  });
  after(() => rm(folder, { recursive: true }));

  /** From a folder of its own, where what it should not have made is seen. */
  async function run(script: string, args: string[], settings: Record<string, string> = {}): Promise<Result> {
    const command = [...(await commandLine(script)), ...args];
    const unset = Object.fromEntries(SETTING_NAMES.map((name) => [name, '']));
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...unset, ...settings };
    return new Promise((done) => {
      const child = execFile(process.execPath, command, { cwd: folder, env }, (_error, stdout, stderr) =>
        done({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  it('is a script that package.json names', async () => {
    const beginning = (await readdir('scripts')).filter((file) => file.endsWith('.ts'));
    const text = await Promise.all(beginning.map((file) => readFile(join('scripts', file), 'utf8')));
    const called = beginning.filter((_, i) => text[i]?.includes('await command('));
    assert.deepEqual(commands.map(([, script]) => script.replace('scripts/', '')).sort(), called.sort());
  });

  it('prints its help, with an example of options that it has, and does nothing', async () => {
    for (const [name, script] of commands) {
      const { code, stdout, stderr } = await run(script, ['--help']);
      assert.deepEqual([code, stderr], [0, ''], name);
      const example = stdout.trimEnd().split('\n').at(-1) ?? '';
      assert.ok(example.startsWith(`Example: npm run ${name}`), stdout);
      for (const option of example.match(/--\w+/g) ?? [])
        assert.match(stdout, new RegExp(`^ {2}${option} `, 'm'), name);
      // So that it fits a terminal.
      for (const line of stdout.split('\n')) assert.ok(line.length <= 125, line);
    }
    assert.deepEqual(await readdir(folder), []);
  });

  const wrong: [what: string, script: string, args: string[], message: string][] = [
    ['an option that it does not know', 'rollups-rebuild', ['--hepl'], "rollups:rebuild: Unknown option '--hepl'"],
    ['a word that is no option', 'migrate', ['all'], "migrate: Unexpected argument 'all'"],
    ['an option without its value', 'demo-data', ['--rows'], "demo:data: Option '--rows <value>' argument missing"],
    ['an option with an empty value', 'demo-data', ['--rows', ''], 'demo:data: --rows takes NUMBER; it was empty'],
    [
      'an empty model among others',
      'export',
      ['--model', 'gpt-5', '--model='],
      'export: --model takes NAME; it was empty',
    ],
    ['an empty month', 'export', ['--of', 'statement', '--month', ' '], 'export: --month takes MONTH; it was empty'],
    ['an option given twice', 'demo-data', ['--rows', '1', '--rows', '2'], 'demo:data: --rows is given twice'],
    [
      'a value that an option does not take',
      'demo-data',
      ['--rows', '1e6'],
      'demo:data: --rows takes a whole number from 1 to 100000000, such as 1000000; it was "1e6"',
    ],
  ];
  for (const [what, script, args, message] of wrong) {
    it(`refuses ${what}`, async () => {
      const { code, stdout, stderr } = await run(`scripts/${script}.ts`, args);
      const [name] = message.split(': ');
      assert.deepEqual([code, stdout, stderr], [2, '', `${message}\nnpm run ${name} -- --help says what it takes.\n`]);
      assert.deepEqual(await readdir(folder), []);
    });
  }

  it('says in one line why it failed, with 1; where it failed is said at LOG_LEVEL=debug only', async () => {
    const url = `postgres://nobody@localhost:${await freePort()}/nothing`;
    const settings = { WORKFLOWS_DATABASE_URL: url, BACKOFFICE_DATABASE_URL: url };
    const failed = await run('scripts/migrate.ts', [], settings);
    assert.deepEqual([failed.code, failed.stdout], [1, '']);
    assert.match(failed.stderr, /^migrate: nothing at localhost:\d+: .*ECONNREFUSED.*\n$/);
    const debugged = await run('scripts/migrate.ts', [], { ...settings, LOG_LEVEL: 'debug' });
    assert.match(debugged.stderr, /\n {4}at /);
  });

  it('names what a source lacks, not the query that met it', async function () {
    // A second process beside the tests' own connections.
    needsServer(this);
    const { backoffice } = databaseUrls();
    const settings = { WORKFLOWS_DATABASE_URL: backoffice, BACKOFFICE_DATABASE_URL: backoffice };
    for (const [script, ...args] of [['rollups-rebuild'], ['export', '--out', 'usage.csv']]) {
      const { code, stderr } = await run(`scripts/${script}.ts`, args, settings);
      assert.equal(code, 1, script);
      assert.match(stderr, /^(rollups:rebuild|export): workflows_db lacks what this program reads:\n/);
      assert.doesNotMatch(stderr, /\bfrom\b/i);
    }
    assert.deepEqual(await readdir(folder), []);
  });

  it('lists everything that is wrong with the configuration', async () => {
    const { code, stderr } = await run('scripts/migrate.ts', [], { PORT: 'eighty', TIME_ZONE: 'Lisbon' });
    assert.equal(code, 1);
    assert.match(stderr, /^migrate: Configuration: 2 problems\n {2}PORT takes .*\n {2}TIME_ZONE takes .*\n$/);
  });
});
