import type { Knex } from 'knex';
import { columns, type TokenUsageRow } from './tables.ts';

type FoundColumn = { name: string; readable: boolean };

/** The one column that everything but prompts works without: a role may be granted all others. */
const PROMPTS = 'input_prompt_json';

/**
 * The columns of the records that the program reads, each with its type. The copy of the schema has them too, and a test compares; the
 * program itself does without it, for Drizzle, which it is written in, is a quarter of a second of each start.
 */
export const USAGE_COLUMNS = {
  token_usage_id: 'uuid',
  author_id: 'uuid',
  story_id: 'uuid',
  action: 'ai_action_type',
  ai_model: 'varchar(100)',
  input_tokens: 'integer',
  output_tokens: 'integer',
  estimated_cost_in_euros: 'numeric(10, 6)',
  [PROMPTS]: 'jsonb',
  created_at: 'timestamp with time zone',
} satisfies Partial<Record<keyof TokenUsageRow, string>>;

/**
 * The columns of workflows_db that the program cannot do without and may not read, each with its type and the reason:
 * "token_usage_tracking.story_id (uuid): does not exist". Empty when all is well.
 */
export async function missingColumns(workflows: Knex): Promise<string[]> {
  return lackingOf(
    workflows,
    'token_usage_tracking',
    Object.entries(USAGE_COLUMNS).map(([name, type]) => ({ name, type, mayBeClosed: name === PROMPTS })),
  );
}

/** What names are read from in mythoria_db. */
const NAME_COLUMNS: Record<string, string[]> = {
  authors: columns('authors', 'author_id', 'display_name'),
  stories: columns('stories', 'story_id', 'title'),
};

/** The columns of mythoria_db that names are not read from, by table, each with the reason; with what to grant. */
export async function missingNameColumns(mythoria: Knex): Promise<{ missing: string[]; grant: string }[]> {
  const tables = await Promise.all(
    Object.entries(NAME_COLUMNS).map(async ([table, names]) => ({
      missing: await lackingOf(
        mythoria,
        table,
        names.map((name) => ({ name, type: null, mayBeClosed: false })),
      ),
      grant: `GRANT SELECT (${names.join(', ')}) ON ${table}`,
    })),
  );
  return tables.filter(({ missing }) => missing.length > 0);
}

type Needed = { name: string; type: string | null; mayBeClosed: boolean };

async function lackingOf(database: Knex, table: string, needed: Needed[]): Promise<string[]> {
  // Not information_schema: it hides what a role may not read, so a missing grant would look like a missing column.
  const { rows } = await database.raw<{ rows: FoundColumn[] }>(
    `SELECT attname AS name, has_column_privilege(attrelid, attnum, 'SELECT') AS readable
       FROM pg_catalog.pg_attribute
      WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  // A role without USAGE on the schema sees no table either.
  if (rows.length === 0) return [`${table}: no such table, or ${NO_USAGE} on its schema`];

  return needed.flatMap(({ name, type, mayBeClosed }) => {
    const found = rows.find((row) => row.name === name);
    if (found?.readable || (found && mayBeClosed)) return [];
    return [`${table}.${name}${type ? ` (${type})` : ''}: ${found ? NO_SELECT : 'does not exist'}`];
  });
}

export const NO_USAGE = 'no USAGE privilege';
export const NO_SELECT = 'no SELECT privilege';

/** SQL: whether the role may read prompts now. */
export const MAY_READ_PROMPTS = `EXISTS (SELECT FROM pg_catalog.pg_attribute
  WHERE attrelid = 'token_usage_tracking'::regclass AND attname = '${PROMPTS}' AND NOT attisdropped
    AND has_column_privilege(attrelid, attnum, 'SELECT'))`;

/** Whether the role for workflows_db may read prompts now: grants change while the program runs. */
export async function mayReadPrompts(workflows: Knex): Promise<boolean> {
  const { rows } = await workflows.raw<{ rows: [{ may: boolean }] }>(`SELECT ${MAY_READ_PROMPTS} AS may`);
  return rows[0].may;
}

export const NO_RIGHT =
  'Prompts are closed: the database role of this program may not read them (SELECT on input_prompt_json).';
