import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

describe('npm test', () => {
  /** The files that mocha would run, by its own way from a command line to files: a dry run would load each, and make databases. */
  function filesOf(...args: string[]): string[] {
    const require = createRequire(import.meta.url);
    const { _: named, ...options } = require('mocha/lib/cli/options.cjs').loadOptions(args);
    const spec = named.length > 0 ? named : ['test'];
    const { files } = require('mocha/lib/cli/collect-files.cjs')({ ignore: [], file: [], ...options, spec });
    return files.sort();
  }

  it('is mocha, which is told what follows', async () => {
    assert.equal(JSON.parse(await readFile('package.json', 'utf8')).scripts.test, 'mocha');
  });

  it('runs every file of tests', async () => {
    const files = (await readdir('test', { recursive: true })).filter((file) => file.endsWith('.test.ts'));
    assert.deepEqual(filesOf(), files.map((file) => resolve(join('test', file))).sort());
  });

  it('runs the file that it is given, and no other', () => {
    const file = 'test/units/money.test.ts';
    assert.deepEqual(filesOf(file), [resolve(file)]);
  });
});
