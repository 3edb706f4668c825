import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from '../../src/db/connect.ts';
import { migrateBackoffice, migrations } from '../../src/db/migrate.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines } from '../support/audit.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { fillPages, PAGES } from '../support/every-page.ts';
import { download } from '../support/export.ts';
import { openPage, textOf } from '../support/page.ts';
import { startServer } from '../support/program.ts';
import { needsServer, skip } from '../support/skip.ts';
import { coverUsage, gatherNames, resetRollups, resetUsage } from '../support/usage.ts';
import { beforeLastMigration, checkOut } from '../support/versions.ts';

/** Every column, index and constraint of a schema, but for those of Knex and those that the tick makes where it may. */
async function shapeOf(backoffice: Knex): Promise<string[]> {
  const { rows } = await backoffice.raw<{ rows: { line: string }[] }>(`
    SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default, generation_expression) AS line
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    ORDER BY 1`);
  return rows.map(({ line }) => line).filter((line) => !/knex_migrations|gin_trgm_ops/.test(line));
}

describe('the migrations of backoffice_db', function () {
  this.timeout(120_000);

  it('lead from what each of them leaves to the newest schema, and lose no session and no line of the audit log', async function () {
    needsServer(this);
    const { backoffice } = databases();
    const name = `${new URL(databaseUrls().backoffice).pathname.slice(1)}_step_by_step`;
    await backoffice.raw('CREATE DATABASE ??', [name]);
    const stepping = openDatabase(Object.assign(new URL(databaseUrls().backoffice), { pathname: name }).href, {
      maxConnections: 2,
    });
    try {
      const steps = (await readdir('src/db/migrations')).length;
      const kept: { sid_hash: string; subject: string }[] = [];
      for (let step = 1; step <= steps; step++) {
        await stepping.migrate.up(migrations);
        const [sid_hash, subject] = [randomUUID(), randomUUID()];
        const at = new Date(Date.now() + 3_600_000);
        await stepping('sessions').insert({
          ...{ sid_hash, sub: '1', data: {}, user_agent: '' },
          ...{ signed_in_at: at, last_seen_at: at, expire: at },
        });
        await stepping('audit_log').insert({ sub: '1', email: 'ana@mythoria.pt', action: 'open prompt', subject });
        kept.push({ sid_hash, subject });
        if (step < steps) continue;
        assert.deepEqual(await migrateBackoffice(stepping), []);
      }
      assert.deepEqual(await shapeOf(stepping), await shapeOf(backoffice));
      const found = async (table: string, column: string) => (await stepping(table).pluck(column)).sort();
      assert.deepEqual(await found('sessions', 'sid_hash'), kept.map(({ sid_hash }) => sid_hash).sort());
      assert.deepEqual(await found('audit_log', 'subject'), kept.map(({ subject }) => subject).sort());
    } finally {
      await stepping.destroy();
      await backoffice.raw('DROP DATABASE ??', [name]);
    }
  });
});

describe('a backoffice_db in which every table has columns of a later version, among tables of that', function () {
  this.timeout(120_000);
  let tables: string[];
  let origin: string;
  let client: Client;
  before(async () => {
    const { backoffice } = databases();
    // Partitions have the columns of what they are parts of.
    tables = await backoffice('pg_class')
      .whereRaw(`relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace`)
      .pluck('relname');
    for (const table of tables)
      await backoffice.raw(
        `ALTER TABLE ?? ADD COLUMN later_number bigint NOT NULL DEFAULT 7, ADD COLUMN later_text text`,
        [table],
      );
    await backoffice.raw('CREATE TABLE of_a_later_version (of_what text)');
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
  });
  after(async () => {
    const { backoffice } = databases();
    for (const table of tables)
      await backoffice.raw('ALTER TABLE ?? DROP COLUMN later_number, DROP COLUMN later_text', [table]);
    await backoffice.raw('DROP TABLE of_a_later_version');
    await resetUsage();
  });

  it('is read and written as ever: every page, every file, rollups, names, sessions and the audit log', async () => {
    const record = await fillPages();
    for (const cover of [
      async () => {},
      coverUsage,
      gatherNames,
      async () => resetRollups().then(() => coverUsage()),
    ]) {
      await cover();
      for (const [name, path] of Object.entries(PAGES)) {
        if (['sign-in', 'not-found', 'bad-request'].includes(name)) continue;
        const page = await openPage(client, path.replace('{record}', record));
        assert.deepEqual(page.querySelectorAll('[role=alert]').map(textOf), [], name);
      }
    }
    for (const extension of ['csv', 'xlsx', 'json', 'ndjson'])
      for (const path of ['/ai-usage', '/ai-usage/records', '/ai-usage/models/gpt-5', '/audit'])
        assert.equal((await download(origin, client, `${path}.${extension}`)).status, 200);
    assert.ok((await auditLines()).length > 0);
    assert.equal((await client.post('/sign-out', { 'Sec-Fetch-Site': 'same-origin' })).status, 303);
    await openPage(await signedIn(origin), '/ai-usage');
  });
});

describe('every version that may run on the newest schema, beside an update or after a roll back', function () {
  this.timeout(300_000);
  /** Headings of the changelog with a date, such as `## 0.1.0 – 2026-12-01`; what is unreleased has none. */
  async function released(): Promise<string[]> {
    const text = await readFile('CHANGELOG.md', 'utf8');
    return [...text.matchAll(/^## (\d+\.\d+\.\d+) – \d{4}-\d\d-\d\d$/gm)].map(([, version]) => `v${version}`);
  }

  it('serves, signs in, keeps what people make and sends files: the released ones, or the commit before the last migration', async function () {
    needsServer(this);
    const tags = await released();
    const last = tags.length === 0 ? await beforeLastMigration() : null;
    if (tags.length === 0 && last === null) skip(this, 'no commit before the last migration in this clone');
    await resetUsage();
    for (const version of [...tags, ...(last ? [last] : [])]) {
      const folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-released-'));
      try {
        // A released version without its tag cannot be tried: that is a failure.
        await checkOut(version, folder);
        const { program, origin } = await startServer(folder, databaseUrls());
        try {
          const client = await signedIn(origin);
          const linked = (await openPage(client, '/ai-usage'))
            .querySelectorAll('nav a, footer a')
            .map((link) => (link.getAttribute('href') ?? '').replace(/[?#].*/, ''));
          const paths = new Set([...linked.filter((path) => path.startsWith('/')), '/ai-usage/records', '/audit']);
          assert.ok(paths.size >= 3, [...paths].join());
          for (const path of paths) {
            // The statement leads to that of the last month.
            const { status, headers } = await client.get(path);
            const page = await openPage(client, status === 302 ? (headers.location ?? '') : path);
            assert.deepEqual(page.querySelectorAll('[role=alert]').map(textOf), [], path);
          }
          const made = await client.json('post', '/api/budgets', { name: version, amount: 1, per: 'week' });
          assert.equal(made.status, 201, JSON.stringify(made.body));
          assert.equal((await client.json('delete', `/api/budgets/${made.body.id}`)).status, 204);
          assert.equal((await download(origin, client, '/ai-usage/records.csv')).status, 200);
          assert.equal((await client.post('/sign-out', { 'Sec-Fetch-Site': 'same-origin' })).status, 303);
        } finally {
          program.signal('SIGKILL');
          await program.exitCode;
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  });
});
