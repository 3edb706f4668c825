import { join } from 'node:path';
import type { Knex } from 'knex';

export const migrations: Knex.MigratorConfig = {
  directory: join(import.meta.dirname, 'migrations'),
  loadExtensions: ['.ts'],
  extension: 'ts',
};

const MIGRATION_LOCK = 20_26_11;

/**
 * Brings backoffice_db to the newest schema. All of it is one transaction under an advisory lock: replicas that start
 * together wait for each other, and a kill midway leaves nothing behind, Knex's own lock row included. Returns the names
 * of what was missing.
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
