import { getTableConfig } from 'drizzle-orm/pg-core';
import type { Knex } from 'knex';
import { tokenUsageTracking } from './schema/workflows/index.ts';

type FoundColumn = { name: string; readable: boolean };

/** The one column that everything but prompts works without: a role may be granted all others. */
const PROMPTS = 'input_prompt_json';

/**
 * The columns of workflows_db that the program cannot do without and may not read, each with its type and the reason:
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
    if (found?.readable || (found && column.name === PROMPTS)) return [];
    const reason = found ? 'no SELECT privilege' : 'does not exist';
    return [`${table}.${column.name} (${column.getSQLType()}): ${reason}`];
  });
}

/** SQL: whether the role may read prompts now. */
export const MAY_READ_PROMPTS = `EXISTS (SELECT FROM pg_catalog.pg_attribute
  WHERE attrelid = 'token_usage_tracking'::regclass AND attname = '${PROMPTS}' AND NOT attisdropped
    AND has_column_privilege(attrelid, attnum, 'SELECT'))`;

/** Whether the role for workflows_db may read prompts now: grants change while the program runs. */
export async function mayReadPrompts(workflows: Knex): Promise<boolean> {
  const { rows } = await workflows.raw<{ rows: [{ may: boolean }] }>(`SELECT ${MAY_READ_PROMPTS} AS may`);
  return rows[0].may;
}
