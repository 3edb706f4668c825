import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { RULES } from '../support/import-rules.ts';

const OTHER_WAYS = {
  'src/units/type.ts': "import type { A } from 'express';",
  'src/units/dynamic.ts': "export const load = () => import('express');",
  'src/units/again.ts': "export { default } from 'express';",
};

/** The last two ask no clock. */
const CLOCKS = ['Date.now();', 'new Date();', 'performance.now();', 'new Date(0);'];

type Report = { diagnostics: { category: string; location: { path: string; start: { line: number } } }[] };

function lint(folder: string): Promise<Report> {
  const biome = resolve('node_modules/@biomejs/biome/bin/biome');
  const options = ['lint', '--reporter=json', '--max-diagnostics=none'];
  return new Promise((done) => {
    execFile(process.execPath, [biome, ...options], { cwd: folder }, (_error, stdout) => done(JSON.parse(stdout)));
  });
}

describe('import rules', () => {
  let folder: string;
  /** "path line" of every import that the linter refuses. */
  let refused: Set<string>;
  /** Likewise where this machine's clock is asked. */
  let clocks: string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-rules-'));
    for (const name of ['biome.json', '.gitignore', 'scripts/own-clock.grit', 'scripts/named-skip.grit']) {
      await cp(name, join(folder, name));
    }
    const files = new Map<string, string[]>(Object.entries(OTHER_WAYS).map(([file, line]) => [file, [line]]));
    for (const { file, may, mayNot } of RULES) files.set(file, [...may, ...mayNot].map(importOf));
    for (const file of ['src/auth/clock.ts', 'scripts/clock.ts', 'src/units/clock.ts']) files.set(file, CLOCKS);
    for (const [file, lines] of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), lines.join('\n'));
    }
    const { diagnostics } = await lint(folder);
    clocks = diagnostics
      .filter(({ category }) => category === 'plugin')
      .map(({ location: { path, start } }) => `${path} ${files.get(path)?.[start.line - 1]}`);
    refused = new Set(
      diagnostics
        .filter(({ category }) => category === 'lint/style/noRestrictedImports')
        .map(({ location: { path, start } }) => `${path} ${files.get(path)?.[start.line - 1]}`),
    );
  });

  after(() => rm(folder, { recursive: true }));

  for (const { file, may, mayNot } of RULES) {
    it(`${file} imports what stands below it and nothing else`, () => {
      const found = [...may, ...mayNot].filter((specifier) => refused.has(`${file} ${importOf(specifier)}`));
      assert.deepEqual(found, mayNot);
    });
  }

  it('leave the clock of this machine to the one module that sets it right', () => {
    const expected = ['scripts/clock.ts', 'src/auth/clock.ts'].flatMap((file) =>
      CLOCKS.slice(0, 2).map((line) => `${file} ${line}`),
    );
    assert.deepEqual(clocks.sort(), expected.sort());
  });

  it('hold for types, dynamic imports and re-exports too', () => {
    const found = Object.entries(OTHER_WAYS).filter(([file, line]) => refused.has(`${file} ${line}`));
    assert.deepEqual(found, Object.entries(OTHER_WAYS));
  });
});

function importOf(specifier: string): string {
  return `import '${specifier}';`;
}
