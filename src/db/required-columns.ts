import { getTableConfig } from 'drizzle-orm/pg-core';
import type { Knex } from 'knex';
import { tokenUsageTracking } from './schema/workflows/index.ts';

type FoundColumn = { name: string; readable: boolean };

/**
 * The columns of workflows_db that the program reads and cannot, each with its type and the reason:
 * "token_usage_tracking.story_id (uuid): does not exist". Empty when all is well.
 */
export async function missingColumns(workflows: Knex): Promise<string[]> {
  const { name: table, columns } = getTableConfig(tokenUsageTracking);
  // Not information_schema: it hides what a role may not read, so a missing grant would look like a missing column.
  const { rows } = await workflows.raw<{ rows: FoundColumn[] }>(
    `SELECT attname AS name, has_column_privilege(attrelid, attnum, 'SELECT') AS readable
       FROM pg_catalog.pg_attribute
      WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  // A role without USAGE on the schema sees no table either.
  if (rows.length === 0) return [`${table}: no such table, or no USAGE privilege on its schema`];

  return columns.flatMap((column) => {
    const found = rows.find((row) => row.name === column.name);
    if (found?.readable) return [];
    const reason = found ? 'no SELECT privilege' : 'does not exist';
    return [`${table}.${column.name} (${column.getSQLType()}): ${reason}`];
  });
}
