import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';

export const migrations: Knex.MigratorConfig = {
  directory: join(import.meta.dirname, 'migrations'),
  loadExtensions: ['.ts'],
  extension: 'ts',
  // Knex would call a database that a newer program has migrated corrupt. Migrations only add (CONTRIBUTING.md), so this one runs on it.
  disableMigrationsListValidation: true,
};

const MIGRATION_LOCK = 20_26_11;

/**
 * Brings backoffice_db to the newest schema. All of it is one transaction under an advisory lock: replicas that start
 * together wait for each other, and a kill midway leaves nothing behind, Knex's own lock row included. Returns the names
 * of what was missing. Only the server and `npm run migrate` do this.
 */
export async function migrateBackoffice(backoffice: Knex): Promise<string[]> {
  return backoffice.transaction(async (transaction) => {
    await transaction.raw('SET LOCAL lock_timeout = 0');
    await transaction.raw('SET LOCAL statement_timeout = 0');
    await transaction.raw('SELECT pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
    const [, applied] = (await transaction.migrate.latest(migrations)) as [batch: number, applied: string[]];
    return applied;
  });
}

/** The migrations that backoffice_db lacks, and those of a newer program that it has; by name, in order. */
export async function migrationState(backoffice: Knex): Promise<{ missing: string[]; newer: string[] }> {
  const ours = (await readdir(join(import.meta.dirname, 'migrations'))).sort();
  const { rows } = await backoffice.raw<{ rows: [{ exists: boolean }] }>(
    `SELECT to_regclass('knex_migrations') IS NOT NULL AS exists`,
  );
  const applied: string[] = rows[0].exists ? await backoffice('knex_migrations').orderBy('name').pluck('name') : [];
  return {
    missing: ours.filter((name) => !applied.includes(name)),
    newer: applied.filter((name) => !ours.includes(name)),
  };
}

/** For programs that use backoffice_db as it is. @throws Error when it lacks a migration */
export async function requireMigrated(backoffice: Knex): Promise<void> {
  const { missing } = await migrationState(backoffice);
  if (missing.length === 0) return;
  throw new Error(
    `backoffice_db lacks ${missing.join(', ')}: start this version of the server, or run npm run migrate`,
  );
}

/** One line for a backoffice_db that a newer program has migrated; null where none has. */
export async function newerSchemaNote(backoffice: Knex): Promise<string | null> {
  const { newer } = await migrationState(backoffice);
  if (newer.length === 0) return null;
  return `backoffice_db was migrated by a newer version (${newer.join(', ')}), which only adds to it: this one goes on.`;
}

/** What keeps the role for backoffice_db from writing or migrating, a line each with what to run. */
export async function writeProblems(backoffice: Knex): Promise<string[]> {
  const { rows } = await backoffice.raw<{
    rows: [{ role: string; read_only: boolean; create: boolean; closed: string[] | null; owned: boolean }];
  }>(
    `SELECT quote_ident(current_user) AS role, current_setting('transaction_read_only')::boolean AS read_only,
            coalesce(has_schema_privilege(to_regnamespace('public'), 'CREATE'), false) AS create,
            array_agg(quote_ident(relname) ORDER BY relname) FILTER (
              WHERE NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE')
                         AND has_table_privilege(oid, 'DELETE') AND has_table_privilege(oid, 'TRUNCATE')))::text[] AS closed,
            coalesce(bool_and(pg_has_role(relowner, 'USAGE')), true) AS owned
       FROM pg_class WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p')`,
  );
  const [{ role, read_only, create, closed, owned }] = rows;
  return [
    ...(read_only ? ['takes no writes: BACKOFFICE_DATABASE_URL leads to a standby, or the role is read-only'] : []),
    ...(create ? [] : [`${role} may create nothing: GRANT USAGE, CREATE ON SCHEMA public TO ${role};`]),
    ...(closed ? [`${role} may not write to ${closed.join(', ')}: GRANT ALL ON ${closed.join(', ')} TO ${role};`] : []),
    ...(owned
      ? []
      : [
          `tables are of another owner, and cannot be migrated: as that one, REASSIGN OWNED BY CURRENT_USER TO ${role};`,
        ]),
  ];
}
