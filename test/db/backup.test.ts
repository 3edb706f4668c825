import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/db/connect.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { auditAll } from '../../src/stats/rollups/keep/tick.ts';
import { now } from '../../src/units/time.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { type Client, sameSession, signedIn } from '../support/client.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { fillPages } from '../support/every-page.ts';
import { openPage } from '../support/page.ts';
import { missing, needsServer, skip } from '../support/skip.ts';
import { oneOfEach } from '../support/things.ts';
import { coverUsage, resetUsage } from '../support/usage.ts';

/** The blocks of commands of a part of the page, as an operator copies them. */
async function commandsOf(heading: string): Promise<string> {
  const page = await readFile('docs/operations/backup.md', 'utf8');
  const part = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const blocks = [...part.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block);
  assert.equal(blocks.length, 1, heading);
  return blocks.join('\n');
}

const ROLLUPS = ['usage_hours', 'usage_days', 'usage_hours_of_stories', 'story_hours', 'story_days', 'story_visits'];

describe('a backup of backoffice_db, by the commands of docs/operations/backup.md', function () {
  this.timeout(120_000);
  let folder: string;
  let restored: string;

  before(async function () {
    needsServer(this);
    const program = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' });
    if (program.error) missing(this, 'pg_dump');
    const { rows } = await databases().backoffice.raw(
      `SELECT current_setting('server_version_num')::integer / 10000 AS major`,
    );
    // It refuses a server that is newer than it is.
    const major = Number(/(\d+)/.exec(program.stdout)?.[1]);
    if (rows[0].major > major) skip(this, `no pg_dump of PostgreSQL ${rows[0].major}`);
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-backup-'));
    const url = new URL(databaseUrls().backoffice);
    restored = Object.assign(url, { pathname: `${url.pathname}_restored` }).href;
    await databases().backoffice.raw('CREATE DATABASE ??', [new URL(restored).pathname.slice(1)]);
  });
  after(async () => {
    if (!folder) return;
    await databases().backoffice.raw('DROP DATABASE ?? WITH (FORCE)', [new URL(restored).pathname.slice(1)]);
    await resetUsage();
    await rm(folder, { recursive: true });
  });

  const run = (commands: string) => {
    const env = { ...process.env, BACKOFFICE_DATABASE_URL: databaseUrls().backoffice, RESTORED_DATABASE_URL: restored };
    const { status, stderr } = spawnSync('sh', ['-ec', commands], { cwd: folder, env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };

  it('brings back what people made, their sessions and the audit log, and no rollups, which build themselves and say the same', async () => {
    await fillPages();
    await coverUsage();
    const { origin } = await sharedApp();
    const client = await signedIn(origin);
    const made = await oneOfEach(client);
    const numbers = `/api/ai-usage/stats?period=90d&asOf=${encodeURIComponent(new Date().toISOString())}`;
    // All but until when the rollups are audited.
    const numbersOf = async (of: Client) => {
      const { auditedUntil, ...said } = (await of.get(numbers)).body;
      return said;
    };
    const before = await numbersOf(client);
    assert.ok(before.totalRequests > 0);
    const tables = [
      'budgets',
      'budget_amounts',
      'alert_rules',
      'channels',
      'alerts',
      'audit_log',
      'sessions',
      'deliveries',
      'saved_views',
      'day_notes',
      'prices',
      'price_proposals',
      'exchange_rates',
      ...['bill_imports', 'bill_lines', 'bill_mappings'],
      'finding_explanations',
    ];
    const { backoffice, workflows } = databases();
    const keptOf = async (database: typeof backoffice) =>
      Object.fromEntries(
        await Promise.all(
          tables.map(async (table) => {
            const { rows } = await database.raw(
              'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS all FROM ?? AS t',
              [table],
            );
            return [table, rows[0].all];
          }),
        ),
      );
    run(await commandsOf('Back up'));
    const kept = await keptOf(backoffice);
    run(await commandsOf('Restore'));

    const again = openDatabase(restored, { maxConnections: 4 });
    try {
      assert.deepEqual(await migrateBackoffice(again), [], 'as new as what was saved');
      assert.deepEqual(await keptOf(again), kept);
      for (const table of ROLLUPS) assert.deepEqual(await again(table).first(), undefined, table);
      const app = await startApp({ urls: { backoffice: restored } });
      try {
        const returning = sameSession(client, app.origin);
        assert.deepEqual(await numbersOf(returning), before, 'signed in still, and right without rollups');
        await auditAll({ workflows, backoffice: again }, 'Europe/Lisbon', now());
        for (const table of ROLLUPS) assert.notEqual(await again(table).first(), undefined, table);
        assert.deepEqual(await numbersOf(returning), before, 'the same of the rollups');
        for (const path of [
          `/budgets/${made.budgets}`,
          `/alerts/rules/${made.rules}`,
          `/alerts/channels/${made.channels}`,
          `/views/${made.views}`,
          '/audit',
        ])
          await openPage(returning, path);
      } finally {
        await app.close();
      }
    } finally {
      await again.destroy();
    }
  });
});
