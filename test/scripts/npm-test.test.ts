import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

describe('npm test', () => {
  /** The files whose tests a command would run. */
  async function filesOf(...args: string[]): Promise<string[]> {
    const command = ['run', '--silent', 'test', '--', ...args, '--dry-run', '--reporter', 'json'];
    const { stdout } = await promisify(execFile)('npm', command, { maxBuffer: 64 * 2 ** 20 });
    const { tests } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { tests: { file: string }[] };
    return [...new Set(tests.map(({ file }) => file))].sort();
  }

  it('runs every file of tests', async () => {
    // Mocha's own way from a command line to files: a dry run of all of them would load each.
    const require = createRequire(import.meta.url);
    const options = require('mocha/lib/cli/options.cjs').loadOptions([]);
    const collected = require('mocha/lib/cli/collect-files.cjs')({
      ignore: [],
      file: [],
      spec: ['./test'],
      ...options,
    });
    const files = (await readdir('test', { recursive: true })).filter((file) => file.endsWith('.test.ts'));
    assert.deepEqual([...collected.files].sort(), files.map((file) => resolve(join('test', file))).sort());
  });

  it('runs the file that it is given, and no other', async () => {
    const file = 'test/units/money.test.ts';
    assert.deepEqual(await filesOf(file), [resolve(file)]);
  });
});
