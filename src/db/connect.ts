import knex, { type Knex } from 'knex';
import pg from 'pg';

export type DatabaseUrls = { workflows: string; backoffice: string; mythoria: string | null };

/** The databases of domain.md. Sessions, health and exports have their own small pools, so that what is slow locks nobody out. */
export type Databases = {
  workflows: Knex;
  backoffice: Knex;
  sessions: Knex;
  /** workflows_db for /readyz. */
  health: Knex;
  /** workflows_db for exports, which hold a connection as long as somebody downloads. */
  exports: Knex;
  /** Names of authors and stories; null where none is configured. */
  mythoria: Knex | null;
};

const TYPES_WE_PARSE: number[] = [
  pg.types.builtins.DATE,
  pg.types.builtins.TIMESTAMP,
  pg.types.builtins.TIMESTAMPTZ,
  pg.types.builtins.NUMERIC,
  pg.types.builtins.INT8,
];

/** Dates, instants, money and big counts stay text: pg's own parsers would round them through Date and float. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    TYPES_WE_PARSE.includes(oid) ? (text: unknown) => text : pg.types.getTypeParser(oid, format),
};

// Compiling a query and starting workers for it takes longer than the few thousand rows that a page asks for.
const READING_PAGES = '-c default_transaction_read_only=on -c jit=off -c max_parallel_workers_per_gather=0';

/** `unhurried`: for maintenance that takes as long as it takes, without the limits that protect pages. */
type Access = { maxConnections: number; readOnly?: boolean; unhurried?: boolean; acquireWithinMs?: number };

/** One Knex instance on a PostgreSQL URL, with the time limits that keep one slow query from holding up the rest. */
export function openDatabase(
  url: string,
  { maxConnections, readOnly = false, unhurried = false, acquireWithinMs = 3_000 }: Access,
): Knex {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      types,
      application_name: 'mythoria-admin',
      connectionTimeoutMillis: 2_000,
      statement_timeout: unhurried ? 0 : 5_000,
      lock_timeout: 2_000,
      idle_in_transaction_session_timeout: unhurried ? 0 : 15_000,
      keepAlive: true,
      ...(readOnly ? { options: READING_PAGES } : {}),
    } as Knex.PgConnectionConfig,
    acquireConnectionTimeout: acquireWithinMs,
    pool: { min: 0, max: maxConnections },
    // Knex would print each broken connection to the terminal, stack included; the query that met it says so in the log.
    log: { warn: () => {} },
  });
}

/** Opens no connection yet: each pool connects at its first query, so a database that is down is an error of that query. */
export function openDatabases(urls: DatabaseUrls): Databases {
  return {
    workflows: openDatabase(urls.workflows, { maxConnections: 8, readOnly: true }),
    backoffice: openDatabase(urls.backoffice, { maxConnections: 8 }),
    sessions: openDatabase(urls.backoffice, { maxConnections: 3 }),
    health: openDatabase(urls.workflows, { maxConnections: 1, readOnly: true }),
    exports: openDatabase(urls.workflows, { maxConnections: 6, readOnly: true }),
    mythoria: urls.mythoria === null ? null : openDatabase(urls.mythoria, { maxConnections: 4, readOnly: true }),
  };
}

/**
 * The embedded databases are one session each, which several connections would share message by message: one's
 * transaction would begin in the middle of another's. So each has one connection, and whoever wants it waits for it.
 */
export function openEmbeddedDatabases(urls: DatabaseUrls): Databases {
  const one = (url: string) => openDatabase(url, { maxConnections: 1, acquireWithinMs: 30_000 });
  const workflows = one(urls.workflows);
  const backoffice = one(urls.backoffice);
  const mythoria = urls.mythoria === null ? null : one(urls.mythoria);
  return { workflows, backoffice, sessions: backoffice, health: workflows, exports: workflows, mythoria };
}

export async function closeDatabases(databases: Databases): Promise<void> {
  await Promise.all([...new Set(Object.values(databases))].map((database) => database?.destroy()));
}
