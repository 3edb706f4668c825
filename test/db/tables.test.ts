import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const COPIED = ['tsconfig.json', 'package.json', 'src/db/tables.ts', 'src/db/schema', 'test/db/tables.types.ts'];

function typeErrors(project: string): Promise<string> {
  const compiler = resolve('node_modules/typescript/bin/tsc');
  return new Promise((done) => {
    execFile(process.execPath, [compiler, '--noEmit', '--project', project], (_error, stdout) => done(stdout));
  });
}

describe('row types', () => {
  it('follow the Drizzle tables, so that a renamed column fails the type check of the queries that name it', async () => {
    // Inside the project, where the compiler finds its packages.
    const project = await mkdtemp(resolve('node_modules/.row-types-'));
    try {
      for (const path of COPIED) await cp(path, join(project, path), { recursive: true });
      assert.equal(await typeErrors(project), '');

      const table = join(project, 'src/db/schema/workflows/token-usage.ts');
      const definition = await readFile(table, 'utf8');
      await writeFile(table, definition.replace("'created_at'", "'inserted_at'"));
      const errors = await typeErrors(project);
      assert.match(errors, /tables\.types\.ts.*"created_at"/);
    } finally {
      await rm(project, { recursive: true });
    }
  });
});
