import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { chainAuditLog } from '../../src/db/audit/chain.ts';
import { forgetAuditLog } from '../../src/db/audit/forget.ts';
import { verifyChain } from '../../src/db/audit/verify.ts';
import { openDatabase } from '../../src/db/connect.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { followClock } from '../../src/units/clock.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';

describe('the audit log is chained', function () {
  this.timeout(120_000);
  let name: string;
  let url: string;
  let log: Knex;
  beforeEach(async function () {
    needsServer(this);
    const { backoffice } = databases();
    name = `audit_chain_${randomUUID().slice(0, 8)}`;
    await backoffice.raw('CREATE DATABASE ??', [name]);
    url = Object.assign(new URL(databaseUrls().backoffice), { pathname: name }).href;
    log = openDatabase(url, { maxConnections: 8 });
    await migrateBackoffice(log);
  });
  afterEach(async () => {
    await log?.destroy();
    if (name) await databases().backoffice.raw('DROP DATABASE IF EXISTS ?? WITH (FORCE)', [name]);
  });

  const write = async (count: number, daysAgo = 0, to: Knex = log) => {
    const line = { sub: '101', email: 'ana@mythoria.pt', action: 'open prompt', details: 'a "quoted" line,\nand é' };
    for (let i = 0; i < count; i++)
      await to('audit_log').insert({
        ...{ ...line, subject: `${i}`, rows: i % 2 ? i : null },
        happened_at: log.raw(`now() - make_interval(days => ${daysAgo})`),
      });
  };
  /** As the owner of the table could. */
  const tamper = async (sql: string) => {
    await log.transaction(async (transaction) => {
      await transaction.raw('ALTER TABLE audit_log DISABLE TRIGGER ALL');
      await transaction.raw(sql);
      await transaction.raw('ALTER TABLE audit_log ENABLE TRIGGER ALL');
    });
  };
  const problem = async () => (await verifyChain(log)).problem;

  it('line by line, those of before the migration too, and says how many and up to which', async () => {
    assert.deepEqual(await verifyChain(log), {
      lines: 0,
      upTo: null,
      hash: '',
      forgotten: 0,
      waiting: 0,
      problem: null,
    });
    await write(3, 400);
    await write(4);
    assert.equal((await verifyChain(log)).waiting, 7);
    assert.equal(await chainAuditLog(log), 7);
    assert.equal(await chainAuditLog(log), 0);
    await write(1);
    const { lines, upTo, waiting, problem: none } = await verifyChain(log);
    assert.deepEqual([lines, upTo, waiting, none], [7, '7', 1, null]);
  });

  it('and names the first that was changed, removed or put in', async () => {
    await write(9, 1);
    await chainAuditLog(log);
    await log.raw('CREATE TABLE kept AS TABLE audit_log');
    for (const [column, value] of Object.entries({
      details: 'x',
      email: 'x',
      sub: 'x',
      subject: 'x',
      action: 'x',
      rows: '77',
    })) {
      await tamper(`UPDATE audit_log SET ${column} = '${value}' WHERE audit_id IN (5, 7)`);
      assert.equal(await problem(), 'line 5 was changed', column);
      await tamper(
        `UPDATE audit_log AS line SET ${column} = kept.${column} FROM kept WHERE kept.audit_id = line.audit_id`,
      );
      assert.equal(await problem(), null, column);
    }
    await tamper(`UPDATE audit_log SET happened_at = happened_at + interval '1 microsecond' WHERE audit_id = 6`);
    assert.equal(await problem(), 'line 6 was changed');
    await tamper(`UPDATE audit_log SET happened_at = happened_at - interval '1 microsecond' WHERE audit_id = 6`);

    await tamper(`INSERT INTO audit_log (audit_id, happened_at, sub, email, action, subject) OVERRIDING SYSTEM VALUE
                  VALUES (0, now() - interval '2 days', '1', 'x', 'export', 'put in')`);
    assert.equal(await chainAuditLog(log), 0, 'the job does not hide it');
    assert.equal(await problem(), 'line 0 was put in');
    await tamper('DELETE FROM audit_log WHERE audit_id = 0');

    await tamper('DELETE FROM audit_log WHERE audit_id = 4');
    assert.equal(await problem(), 'line 4 was removed');
    await tamper('DELETE FROM audit_chain WHERE audit_id = 4');
    assert.equal(await problem(), 'what stood behind line 3 was removed');
  });

  it('also where its end is cut off', async () => {
    await write(4, 1);
    await chainAuditLog(log);
    await tamper('DELETE FROM audit_log WHERE audit_id = 4');
    await tamper('DELETE FROM audit_chain WHERE audit_id = 4');
    assert.equal(await problem(), 'what stood behind line 3 was removed');
    await tamper('DELETE FROM audit_chain_ends');
    assert.equal(await problem(), 'what says where it begins and ends was removed');
  });

  it('by several processes at once, with lines that are committed late, and after one that breaks off', async () => {
    const late = await log.transaction();
    await write(1, 0, late);
    await write(20);
    assert.equal(await chainAuditLog(log), 20);
    await late.commit();
    const writing = Promise.all(Array.from({ length: 4 }, () => write(30)));
    const chaining = Array.from({ length: 12 }, () => chainAuditLog(log).catch(() => 0));
    // Ended in the middle, as by kill -9: the server rolls back.
    await databases().backoffice.raw(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ? AND query LIKE '%audit_chain%' LIMIT 2`,
      [name],
    );
    await writing.catch(() => {});
    await Promise.all(chaining);
    await chainAuditLog(log);
    const { lines, waiting, problem: none } = await verifyChain(log);
    const [{ count }] = (await log('audit_log').count('* AS count')) as [{ count: string }];
    assert.deepEqual([none, waiting, lines], [null, 0, Number(count)]);
    assert.ok(lines > 21);
  });

  it('with a line that was committed late before nothing was chained for an hour, as where every process stopped', async () => {
    // Written an hour ago, the second while the first was not committed.
    const line = { sub: '101', email: 'ana@mythoria.pt', action: 'open prompt', subject: 'x' };
    const anHourAgo = { ...line, happened_at: log.raw(`now() - interval '1 hour'`) };
    const late = await log.transaction();
    await late('audit_log').insert(anHourAgo);
    await log('audit_log').insert(anHourAgo);
    assert.equal(await chainAuditLog(log), 1);
    await late.commit();
    assert.equal(await problem(), null);
    assert.equal(await chainAuditLog(log), 1);
    const { lines, problem: none } = await verifyChain(log);
    assert.deepEqual([lines, none], [2, null]);
  });

  it('and keeps what is young where the clock that records are stamped by runs years ahead', async () => {
    await write(5, 729);
    await chainAuditLog(log);
    await followClock(async () => Date.now() + 3 * 365 * 86_400_000);
    try {
      assert.equal(await forgetAuditLog(log, 730), 0);
    } finally {
      await followClock(async () => Date.now());
    }
  });

  it('and stays so when old lines are deleted, by the clean-up alone', async () => {
    await write(5, 731);
    await write(3, 729);
    await chainAuditLog(log);
    await assert.rejects(async () => log('audit_log').where('audit_id', 1).delete(), /only ever added to/);
    assert.equal(await forgetAuditLog(log, 730), 5);
    assert.equal(await forgetAuditLog(log, 730), 0);
    await assert.rejects(async () => log('audit_log').delete(), /only ever added to/);
    const { lines, forgotten, problem: none } = await verifyChain(log);
    assert.deepEqual([lines, forgotten, none], [3, 5, null]);
    await write(2);
    await chainAuditLog(log);
    assert.equal(await problem(), null);
    await tamper(`UPDATE audit_log SET details = 'x' WHERE audit_id = 6`);
    assert.equal(await problem(), 'line 6 was changed', 'the first that is kept');
  });

  it('also a line whose time somebody made none', async () => {
    await write(2);
    for (const time of ['infinity', '-infinity'])
      await tamper(
        `INSERT INTO audit_log (happened_at, sub, email, action, subject) VALUES ('${time}', '1', 'x', 'export', 'x')`,
      );
    assert.equal((await verifyChain(log)).waiting, 4);
    assert.equal(await chainAuditLog(log), 4);
    await write(1);
    assert.equal(await chainAuditLog(log), 1);
    assert.deepEqual([await problem(), (await verifyChain(log)).lines], [null, 5]);
    await tamper(`UPDATE audit_log SET happened_at = 'infinity' WHERE audit_id = 4`);
    assert.equal(await problem(), 'line 4 was changed');
    await tamper(`UPDATE audit_log SET happened_at = '-infinity' WHERE audit_id = 4`);
    assert.equal(await forgetAuditLog(log, 730), 0);
  });

  it('npm run audit:verify exits with 1 where a line is not as it was written', async () => {
    await write(3, 1);
    await chainAuditLog(log);
    const args = await commandLine('scripts/audit-verify.ts');
    const env = {
      ...{ PATH: process.env.PATH, NODE_ENV: 'test', BACKOFFICE_DATABASE_URL: url },
      WORKFLOWS_DATABASE_URL: databaseUrls().workflows,
    };
    const run = () =>
      new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
        const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) =>
          done({ code: child.exitCode, stdout, stderr }),
        );
      });
    const right = await run();
    assert.deepEqual([right.code, right.stderr], [0, '']);
    assert.match(
      right.stdout,
      /^3 lines of the audit log as they were written, up to line 3 \(SHA-256 [0-9a-f]{64}\)\.$/m,
    );
    await tamper(`UPDATE audit_log SET email = 'somebody@mythoria.pt' WHERE audit_id = 2`);
    const wrong = await run();
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /line 2 was changed/);
  });
});
