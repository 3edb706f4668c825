import type { Knex } from 'knex';
import { GROWING_TABLES } from '../../scripts/scale-citus/growing-tables.ts';
import { openDatabase } from '../../src/db/connect.ts';
import { createWorkflowsTables } from '../../src/demo/source-tables.ts';
import { addTime, DAY_OF_24_HOURS, now, postgresFromInstant } from '../../src/units/time.ts';
import { type PgBouncer, startPgBouncer } from './pgbouncer.ts';

// What workflows_db is to the program in this run (TEST_SOURCE, on a server): the table itself unless it says otherwise. Tests write to the
// primary, to the view or to the table of partitions; the program and what keeps the rollups read by `databaseUrls().workflows`.

/** Of a worker's own databases; resolves with the address by which the program reads workflows_db. */
type Arrange = (workflows: Knex, url: string, backoffice: Knex) => Promise<string>;

const PARTITIONED = 'PARTITION BY RANGE (created_at)';

/** The table made anew as one of partitions, without them and without a primary key, which would have to hold its time. */
async function madePartitioned(workflows: Knex): Promise<string[]> {
  const indexes: string[] = await workflows('pg_indexes')
    .where('tablename', 'token_usage_tracking')
    .whereNot('indexname', 'like', '%_pkey')
    .pluck('indexdef');
  await workflows.raw(`
    ALTER TABLE token_usage_tracking RENAME TO whole;
    CREATE TABLE token_usage_tracking (LIKE whole INCLUDING DEFAULTS) ${PARTITIONED};
    DROP TABLE whole;`);
  return indexes;
}

const month = (number: number) => `${2025 + Math.floor(number / 12)}-${String((number % 12) + 1).padStart(2, '0')}-01Z`;
const MONTHS = 30;

/** SQL: a partition for each month, and one for all before and after. */
const partsOf = (table: string): string =>
  [
    ...Array.from(
      { length: MONTHS },
      (_, i) =>
        `CREATE TABLE ${table}_${i} PARTITION OF ${table} FOR VALUES FROM ('${month(i)}') TO ('${month(i + 1)}');`,
    ),
    `CREATE TABLE ${table}_other PARTITION OF ${table} DEFAULT;`,
  ].join('');

/** Servers of partitions: two further ones where the run has them, else two databases beside. */
const shardServers = (): string[] =>
  process.env.TEST_SHARDS?.split(' ') ?? [process.env.TEST_DATABASE_URL ?? '', process.env.TEST_DATABASE_URL ?? ''];

async function makeShard(server: string, name: string): Promise<URL> {
  const admin = openDatabase(server, { maxConnections: 1, unhurried: true });
  await admin.raw('CREATE DATABASE ??', [name]).finally(() => admin.destroy());
  const url = Object.assign(new URL(server), { pathname: name });
  const shard = openDatabase(url.href, { maxConnections: 1 });
  await createWorkflowsTables(shard).finally(() => shard.destroy());
  return url;
}

const ARRANGEMENTS: Record<string, Arrange> = {
  async view(workflows, url) {
    await workflows.raw(`
      CREATE SCHEMA kept;
      ALTER TABLE token_usage_tracking SET SCHEMA kept;
      CREATE VIEW token_usage_tracking AS SELECT * FROM kept.token_usage_tracking;`);
    return url;
  },
  /** The big tables of backoffice_db too; what the version before reads them by (usage_hours_by_story) goes with them. */
  async partitions(workflows, url, backoffice) {
    const indexes = await madePartitioned(workflows);
    await workflows.raw(`
      ALTER TABLE token_usage_tracking ADD PRIMARY KEY (token_usage_id, created_at);
      ${indexes.join(';')};
      ${partsOf('token_usage_tracking')}`);
    for (const [table, key] of Object.entries(GROWING_TABLES))
      await backoffice.raw(`
        ALTER TABLE ${table} RENAME TO whole;
        CREATE TABLE ${table} (LIKE whole INCLUDING ALL) PARTITION BY RANGE (${key});
        DROP TABLE whole CASCADE;
        ${partsOf(table)}`);
    return url;
  },
  /** The last three days on one server, all before on another. */
  async fdw(workflows, url) {
    await madePartitioned(workflows);
    await workflows.raw('CREATE EXTENSION postgres_fdw');
    const from = postgresFromInstant(addTime(now(), -3n * DAY_OF_24_HOURS));
    const holds = [`FROM (MINVALUE) TO ('${from}')`, `FROM ('${from}') TO (MAXVALUE)`];
    for (const [i, server] of shardServers().entries()) {
      const { hostname, port, username, pathname } = await makeShard(
        server,
        `${new URL(url).pathname.slice(1)}_shard_${i}`,
      );
      await workflows.raw(`
        CREATE SERVER shard_${i} FOREIGN DATA WRAPPER postgres_fdw
          OPTIONS (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}', async_capable 'true');
        CREATE USER MAPPING FOR CURRENT_USER SERVER shard_${i} OPTIONS (user '${username}');
        CREATE FOREIGN TABLE calls_${i} PARTITION OF token_usage_tracking FOR VALUES ${holds[i]}
          SERVER shard_${i} OPTIONS (table_name 'token_usage_tracking');`);
    }
    return url;
  },
  /** Of a primary that waits for its standby to have applied what it commits. */
  async replica(_workflows, url) {
    const { hostname, port } = new URL(process.env.TEST_REPLICA ?? '');
    return Object.assign(new URL(url), { hostname, port }).href;
  },
  'pgbouncer-session': throughPooler,
  'pgbouncer-transaction': throughPooler,
};

/** The setting by which a run tells its workers where its pooler is. */
const POOLER = 'TEST_SOURCE_POOLER';
let pooler: PgBouncer | null = null;
const roleOf = (url: string) => decodeURIComponent(new URL(url).username);

/** What has to come from the server is set as the program says. */
async function throughPooler(workflows: Knex, url: string): Promise<string> {
  const through = Object.assign(new URL(process.env[POOLER] ?? ''), { pathname: new URL(url).pathname }).href;
  const reader = openDatabase(through, { maxConnections: 1, readOnly: true });
  const told: string = await reader.raw('SELECT 1').then(
    () => '',
    ({ message }) => message,
  );
  await reader.destroy();
  await workflows.raw(told.slice(told.indexOf('ALTER ROLE')));
  await workflows.raw('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ?', [roleOf(through)]);
  return through;
}

/** What this run has for a source; empty: the table. */
export const sourceKind = (): string => process.env.TEST_SOURCE ?? '';

/** Once for a run, when the databases that others are copied from are there. */
export async function startSource(admin: Knex, workflows: Knex, role: string): Promise<void> {
  const kind = sourceKind();
  if (kind !== '' && !(kind in ARRANGEMENTS))
    throw new Error(`TEST_SOURCE takes ${Object.keys(ARRANGEMENTS).join(', ')}`);
  const [, mode] = /^pgbouncer-(session|transaction)$/.exec(kind) ?? [];
  if (mode === undefined) return;
  await admin.raw('CREATE ROLE ?? LOGIN', [role]);
  // PgBouncer gives new connections the time zone that it met first, until it is started anew.
  await admin.raw(`ALTER ROLE ?? SET TimeZone = 'UTC'`, [role]);
  await workflows.raw('GRANT SELECT ON ALL TABLES IN SCHEMA public TO ??', [role]);
  const server = Object.assign(new URL(process.env.TEST_DATABASE_URL ?? ''), { username: role }).href;
  pooler = await startPgBouncer(server, mode as 'session' | 'transaction');
  process.env[POOLER] = pooler.urlOf('');
}

/** Once, when the databases are gone. */
export async function stopSource(admin: Knex, role: string, databases: string): Promise<void> {
  await pooler?.close();
  await admin.raw('DROP ROLE IF EXISTS ??', [role]);
  if (sourceKind() !== 'fdw') return;
  for (const server of new Set(shardServers())) {
    const shards = openDatabase(server, { maxConnections: 1, unhurried: true });
    const made: string[] = await shards('pg_database')
      .where('datname', 'like', `${databases}%_shard_%`)
      .pluck('datname');
    for (const name of made) await shards.raw('DROP DATABASE ?? WITH (FORCE)', [name]);
    await shards.destroy();
  }
}

/** For a worker's own database. */
export const arrangeSource: Arrange = async (workflows, url, backoffice) =>
  ARRANGEMENTS[sourceKind()]?.(workflows, url, backoffice) ?? url;
