import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionRow } from '../../src/auth/session-store.ts';
import { migrateBackoffice, migrationState, newerSchemaNote, requireMigrated } from '../../src/db/migrate.ts';
import { signedIn } from '../support/client.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { startProgram, startServer } from '../support/program.ts';
import { needsServer } from '../support/skip.ts';

const LATER = '20991231_of_a_later_version.ts';
const NOTE = /backoffice_db was migrated by a newer version \((.*)\), which only adds to it: this one goes on\./;

const applied = () => databases().backoffice('knex_migrations');
const names = (): Promise<string[]> => applied().orderBy('name').pluck('name');

describe('a backoffice_db that a newer version has migrated', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-older-'));
    await databases().backoffice.raw(`ALTER TABLE sessions ADD COLUMN of_a_later_version text`);
    await applied().insert({ name: LATER, batch: 99, migration_time: databases().backoffice.fn.now() });
  });
  after(async () => {
    await applied().where('name', LATER).delete();
    await databases().backoffice.raw(`ALTER TABLE sessions DROP COLUMN of_a_later_version`);
    await rm(folder, { recursive: true });
  });

  it('is used as it is', async () => {
    const { backoffice } = databases();
    assert.deepEqual(await migrateBackoffice(backoffice), []);
    assert.deepEqual(await migrationState(backoffice), { missing: [], newer: [LATER] });
    assert.equal(NOTE.exec((await newerSchemaNote(backoffice)) ?? '')?.[1], LATER);
    await requireMigrated(backoffice);
    assert.ok((await names()).includes(LATER));
  });

  it('serves the program without its last migrations, which says so in one line and deletes expired sessions', async function () {
    needsServer(this); // The program opens pools of its own, which embedded databases of one connection do not take.
    this.timeout(120_000);
    await cp('src', join(folder, 'src'), { recursive: true });
    for (const name of ['node_modules', 'views', 'public', 'package.json', 'tsconfig.json'])
      await symlink(resolve(name), join(folder, name));
    const migrations = join(folder, 'src/db/migrations');
    const last = (await readdir(migrations)).sort().slice(-2);
    for (const name of last) await rm(join(migrations, name));
    const expired = { sid_hash: randomUUID(), sub: 'gone', data: {}, user_agent: '', ...timesOf(3_600_000) };
    const current = { ...expired, sid_hash: randomUUID(), ...timesOf(-3_600_000) };
    await databases().backoffice('sessions').insert([expired, current]);

    const { program, origin } = await startServer(folder, databaseUrls());
    try {
      const client = await signedIn(origin);
      assert.equal((await client.get('/ai-usage')).status, 200);
      const said = [...program.lines.out, ...program.lines.err].filter((line) => NOTE.test(line));
      assert.equal(said.length, 1);
      assert.equal(NOTE.exec(said[0] ?? '')?.[1], [...last, LATER].join(', '));
      const kept = () =>
        databases()
          .backoffice<SessionRow>('sessions')
          .whereIn('sid_hash', [expired.sid_hash, current.sid_hash])
          .pluck('sid_hash');
      for (let looked = 0; (await kept()).includes(expired.sid_hash); looked++) {
        assert.ok(looked < 200, 'a session that expired an hour ago is still there');
        await sleep(50);
      }
      assert.deepEqual(await kept(), [current.sid_hash]);
    } finally {
      program.signal('SIGKILL');
      await program.exitCode;
      await databases().backoffice('sessions').where('sub', 'gone').delete();
    }
  });
});

function timesOf(agoMs: number) {
  const at = new Date(Date.now() - agoMs).toISOString();
  return { signed_in_at: at, last_seen_at: at, expire: at };
}

describe('a backoffice_db of an older version', () => {
  it('is migrated by no command but migrate', async function () {
    needsServer(this); // A command opens pools of its own, which embedded databases of one connection do not take.
    this.timeout(120_000);
    const before = await applied().orderBy('name');
    const last = before.at(-1);
    await applied().where('name', last.name).delete();
    try {
      const { workflows, backoffice } = databaseUrls();
      const settings = { WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice };
      for (const [script = '', ...args] of [
        ['scripts/export.ts', '--out', join(tmpdir(), `${randomUUID()}.csv`)],
        ['scripts/rollups-rebuild.ts'],
      ]) {
        const run = startProgram(process.execPath, [...(await commandLine(script)), ...args], {
          settings,
        });
        assert.equal(await run.exitCode, 1);
        assert.match(run.lines.err.join('\n'), new RegExp(`backoffice_db lacks ${last.name}: .*npm run migrate`));
      }
      assert.deepEqual(
        await names(),
        before.slice(0, -1).map(({ name }) => name),
      );
    } finally {
      await applied().insert(last);
    }
  });
});
