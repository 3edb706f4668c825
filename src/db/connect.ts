import knex, { type Knex } from 'knex';
import pg from 'pg';
import { handled } from '../units/promises/handled.ts';
import { applySettings, type Purpose } from './session-settings.ts';

export type DatabaseUrls = { workflows: string; backoffice: string; mythoria: string | null };

/**
 * The three databases: `workflows_db`, which the story workflow fills and we only read; `backoffice_db`, which is ours; `mythoria_db`, the
 * names of authors and stories, where one is configured. Sessions, health and exports have their own small pools, so that what is slow
 * locks nobody out.
 */
export type Databases = {
  workflows: Knex;
  backoffice: Knex;
  sessions: Knex;
  /** workflows_db for /readyz. */
  health: Knex;
  /** workflows_db for exports, which hold a connection as long as somebody downloads. */
  exports: Knex;
  /** workflows_db for the overview recomputed, which may take a minute. */
  recomputing: Knex;
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

type Access = Partial<Purpose> & { maxConnections: number; acquireWithinMs?: number };

/** One Knex instance on a PostgreSQL URL, whose every connection has what session-settings.ts lists. */
export function openDatabase(
  url: string,
  { maxConnections, readOnly = false, unhurried = false, acquireWithinMs = 3_000 }: Access,
): Knex {
  const database = knex({
    client: 'pg',
    connection: {
      connectionString: url,
      types,
      application_name: 'mythoria-admin',
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
    } as Knex.PgConnectionConfig,
    acquireConnectionTimeout: acquireWithinMs,
    pool: {
      min: 0,
      max: maxConnections,
      afterCreate: (client: pg.Client, done: (error: unknown, client: pg.Client) => void) => {
        applySettings(client, { readOnly, unhurried }).then(
          () => done(null, client),
          (error) => {
            handled(client.end());
            done(error, client);
          },
        );
      },
    },
    // Knex would print each broken connection to the terminal, stack included; the query that met it says so in the log.
    log: { warn: () => {} },
  });
  nameFailures(database, url);
  return database;
}

/** Where a database is, for people: "workflows_db at db.example:5432". */
export function placeOf(url: string): string {
  const { database, host, port } = new pg.Client({ connectionString: url });
  return `${database} at ${host}:${port}`;
}

/** Whatever fails on a database says so, by its place as the error's `database`. */
function nameFailures(database: Knex, url: string): void {
  const name = { database: placeOf(url) };
  database.on('query-error', (error: Error) => Object.assign(error, name));
  const { client } = database;
  const acquire: () => Promise<unknown> = client.acquireConnection.bind(client);
  client.acquireConnection = () =>
    acquire().catch((error: Error) => {
      throw Object.assign(error, name);
    });
}

/** Each holds a connection: as many as run at once, so that nobody waits for one without being told. */
export const MOST_EXPORTS = 6;
export const MOST_RECOMPUTATIONS = 2;

/** How many connections each pool of a process has at most. */
const POOLS = { workflows: 8, backoffice: 8, sessions: 3, health: 1, mythoria: 4 };

/** How many connections a process has to each database at most. */
export const MOST_CONNECTIONS: Record<keyof DatabaseUrls, number> = {
  workflows: POOLS.workflows + POOLS.health + MOST_EXPORTS + MOST_RECOMPUTATIONS,
  backoffice: POOLS.backoffice + POOLS.sessions,
  mythoria: POOLS.mythoria,
};

/** Which database each pool leads to. */
export const DATABASE_OF: Record<keyof Databases, keyof DatabaseUrls> = {
  ...{ workflows: 'workflows', health: 'workflows', exports: 'workflows', recomputing: 'workflows' },
  ...{ backoffice: 'backoffice', sessions: 'backoffice', mythoria: 'mythoria' },
};

/** Opens no connection yet: each pool connects at its first query, so a database that is down is an error of that query. */
export function openDatabases(urls: DatabaseUrls): Databases {
  const reading = (url: string, maxConnections: number) => openDatabase(url, { maxConnections, readOnly: true });
  return {
    workflows: reading(urls.workflows, POOLS.workflows),
    backoffice: openDatabase(urls.backoffice, { maxConnections: POOLS.backoffice }),
    sessions: openDatabase(urls.backoffice, { maxConnections: POOLS.sessions }),
    health: reading(urls.workflows, POOLS.health),
    exports: reading(urls.workflows, MOST_EXPORTS),
    recomputing: reading(urls.workflows, MOST_RECOMPUTATIONS),
    mythoria: urls.mythoria === null ? null : reading(urls.mythoria, POOLS.mythoria),
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
  return {
    ...{ workflows, health: workflows, exports: workflows, recomputing: workflows },
    ...{ backoffice, sessions: backoffice, mythoria },
  };
}

export async function closeDatabases(databases: Databases): Promise<void> {
  await Promise.all([...new Set(Object.values(databases))].map((database) => database?.destroy()));
}
