import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { databases, databaseUrls } from '../support/databases.ts';
import { csvRows } from '../support/export.ts';
import { startProxy } from '../support/proxy.ts';
import { needsServer } from '../support/skip.ts';

import { ended, exportCommand } from './command.ts';

describe('npm run export', function () {
  // A process each, on a machine that may be busy.
  this.timeout(120_000);
  const { inFolder, start, startWith, parts, env, insertMany } = exportCommand();

  it('has a file of its own until it is whole: of several to one name, the last whole one has it', async function () {
    needsServer(this);
    await insertMany();
    const out = inFolder('one.csv');
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
      const out = inFolder('ended.csv');
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
      const child = startWith({ BACKOFFICE_DATABASE_URL: proxy.url }, '--out', inFolder('twice.csv'));
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
    const out = inFolder('in-the-way.csv');
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
});
