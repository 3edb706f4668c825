import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../support/command-line.ts';

type Result = { code: number; stdout: string; stderr: string };

describe('npm run sync-workflows-schema', () => {
  let parent: string;
  let project: string;
  let source: string;
  let copy: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'sync-workflows-schema-'));
    project = join(parent, 'mythoria-admin');
    source = join(parent, 'story-generation-workflow/src/db/workflows-schema');
    copy = join(project, 'src/db/schema/workflows');
    await mkdir(project);
    await writeFiles(source, {
      'enums.ts': `import { pgEnum } from 'drizzle-orm/pg-core.js';\n`,
      'token-usage.ts': `import { aiActionType } from './enums.js';\n`,
      'index.ts': `export * from './token-usage.js';\nexport * from './enums.js';\n// the source's own\n`,
      'README.md': 'not a module\n',
    });
  });

  afterEach(() => rm(parent, { recursive: true }));

  async function run(...options: string[]): Promise<Result> {
    const command = [...(await commandLine('scripts/sync-workflows-schema.ts')), ...options];
    // No environment: a database that the tester's own shell names must stay out of it.
    const settings = { cwd: project, env: {} };
    return new Promise((done) => {
      const child = execFile(process.execPath, command, settings, (_error, stdout, stderr) =>
        done({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  it('copies every module, takes .js off their import paths and writes an index', async () => {
    const { code, stdout, stderr } = await run();
    assert.deepEqual(lines(stdout), ['copied: enums.ts', 'copied: token-usage.ts', 'copied: index.ts']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(await contents(copy), {
      'enums.ts': `import { pgEnum } from 'drizzle-orm/pg-core.js';\n`,
      'index.ts':
        '// Written by `npm run sync-workflows-schema`: do not edit.\n' +
        `export * from './enums';\nexport * from './token-usage';\n`,
      'token-usage.ts': `import { aiActionType } from './enums';\n`,
    });
  });

  it('skips everything the second time, also where the source has fresh times', async () => {
    await run();
    await setTime(join(source, 'enums.ts'), '2100-01-01');
    const { code, stdout } = await run();
    assert.deepEqual(lines(stdout), ['skipped: enums.ts', 'skipped: token-usage.ts', 'skipped: index.ts']);
    assert.equal(code, 0);
  });

  it('copies a changed module although its source is older than the copy', async () => {
    await run();
    await writeFiles(source, { 'enums.ts': 'export const changed = true;\n' });
    await setTime(join(source, 'enums.ts'), '2001-01-01');
    const { code, stdout } = await run();
    assert.deepEqual(lines(stdout), ['copied: enums.ts', 'skipped: token-usage.ts', 'skipped: index.ts']);
    assert.equal(code, 0);
    assert.equal((await contents(copy))['enums.ts'], 'export const changed = true;\n');
  });

  it('removes a copy whose source is gone, from the index too', async () => {
    await run();
    await rm(join(source, 'token-usage.ts'));
    const { code, stdout } = await run();
    assert.deepEqual(lines(stdout), ['skipped: enums.ts', 'copied: index.ts', 'removed at the source: token-usage.ts']);
    assert.equal(code, 0);
    assert.deepEqual(Object.keys(await contents(copy)), ['enums.ts', 'index.ts']);
    assert.doesNotMatch((await contents(copy))['index.ts'] ?? '', /token-usage/);
  });

  it('goes on after a file that fails, keeps its earlier copy, and exits 1', async () => {
    await run();
    // Folders of a module's name cannot be read as one, whoever runs this, root included.
    await rm(join(source, 'enums.ts'));
    await mkdir(join(source, 'enums.ts'));
    await mkdir(join(source, 'broken.ts'));
    await writeFiles(source, { 'token-usage.ts': 'export const changed = true;\n' });
    const { code, stdout } = await run();
    assert.deepEqual(lines(stdout), [
      'failed: broken.ts: EISDIR: illegal operation on a directory, read',
      'failed: enums.ts: EISDIR: illegal operation on a directory, read',
      'copied: token-usage.ts',
      'skipped: index.ts',
    ]);
    assert.equal(code, 1);
    assert.deepEqual(Object.keys(await contents(copy)), ['enums.ts', 'index.ts', 'token-usage.ts']);
  });

  it('leaves no half-written file where a copy cannot be replaced', async () => {
    await mkdir(join(copy, 'enums.ts'), { recursive: true });
    const { code, stdout } = await run();
    assert.match(stdout, /^failed: enums\.ts: EISDIR/);
    assert.equal(code, 1);
    assert.deepEqual((await readdir(copy)).sort(), ['enums.ts', 'index.ts', 'token-usage.ts']);
  });

  it('--from copies another folder', async () => {
    await writeFiles(join(parent, 'elsewhere'), { 'other.ts': `export * from './x.js';\n` });
    const { code } = await run('--from', '../elsewhere');
    assert.equal(code, 0);
    assert.equal((await contents(copy))['other.ts'], `export * from './x';\n`);
  });

  it('--check exits 1 on drift and changes nothing', async () => {
    const unwritten = await run('--check');
    assert.equal(unwritten.code, 1);
    assert.deepEqual(await readdir(project), []);

    await run();
    await writeFiles(source, { 'enums.ts': 'export const changed = true;\n', 'new.ts': '' });
    await rm(join(source, 'token-usage.ts'));
    const before = await contents(copy);
    const { code, stdout } = await run('--check');
    assert.deepEqual(lines(stdout), [
      'differs: enums.ts',
      'differs: new.ts',
      'differs: index.ts',
      'removed at the source: token-usage.ts',
      `${copy} differs from ${source}.`,
    ]);
    assert.equal(code, 1);
    assert.deepEqual(await contents(copy), before);
  });

  it('--check exits 1 on a copy edited by hand, its index included, and 0 without drift', async () => {
    await run();
    const { code, stdout } = await run('--check');
    assert.match(stdout, /is the same as/);
    assert.equal(code, 0);
    await writeFiles(copy, { 'index.ts': `export * from './enums';\n` });
    assert.equal((await run('--check')).code, 1);
  });

  const mistakes: [what: string, options: string[], message: RegExp][] = [
    [
      'a missing source folder',
      ['--from', 'nowhere'],
      /^The workflows schema cannot be copied from .*nowhere: ENOENT.*\n$/,
    ],
    [
      'a source folder without modules',
      ['--from', '.'],
      /^The workflows schema cannot be copied from .*: no \.ts file in it\n$/,
    ],
    ['a database that is not configured', ['--database'], /^WORKFLOWS_DATABASE_URL is not set.*\n$/],
  ];
  it('refuses --from with --database, and touches nothing', async () => {
    const { code, stdout, stderr } = await run('--from', '.', '--database');
    assert.match(stderr, /^sync-workflows-schema: --database copies nothing, so --from has no effect\n/);
    assert.deepEqual([code, stdout], [2, '']);
    assert.deepEqual(await readdir(project), []);
  });

  for (const [what, options, message] of mistakes) {
    it(`says in one line what is wrong with ${what}, and touches nothing`, async () => {
      const { code, stdout, stderr } = await run(...options);
      assert.match(stderr, message);
      assert.deepEqual([code, stdout], [1, '']);
      assert.deepEqual(await readdir(project), []);
    });
  }
});

async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

function setTime(path: string, day: string): Promise<void> {
  return utimes(path, new Date(day), new Date(day));
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n');
}
