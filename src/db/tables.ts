import type { Table } from 'drizzle-orm';
import type { Tables } from 'knex/types/tables.js';
import type { storyGenerationRuns, tokenUsageTracking } from './schema/workflows/index.ts';

// Instants, dates, money and big counts are among these because the connection leaves them as text.
type ReadAsText =
  | 'PgUUID'
  | 'PgVarchar'
  | 'PgChar'
  | 'PgText'
  | 'PgEnumColumn'
  | 'PgTimestamp'
  | 'PgTimestampString'
  | 'PgDate'
  | 'PgDateString'
  | 'PgNumeric'
  | 'PgBigInt53'
  | 'PgBigInt64';

type ReadAsNumber = 'PgSmallInt' | 'PgInteger' | 'PgSmallSerial' | 'PgSerial' | 'PgReal' | 'PgDoublePrecision';

// Not Drizzle's own value types: those say what Drizzle's driver returns. A column type that is not listed is
// unknown, so that whoever first reads one decides how.
type Value<ColumnType> = ColumnType extends ReadAsText
  ? string
  : ColumnType extends ReadAsNumber
    ? number
    : ColumnType extends 'PgBoolean'
      ? boolean
      : unknown;

type Row<T extends Table> = {
  [Key in keyof T['_']['columns'] as T['_']['columns'][Key]['_']['name']]:
    | Value<T['_']['columns'][Key]['_']['columnType']>
    | (T['_']['columns'][Key]['_']['notNull'] extends true ? never : null);
};

// Interfaces rather than type aliases: compiler messages then name the row instead of spelling out Drizzle's types.

/** One row of `token_usage_tracking`, named and typed as it comes out of the database. */
export interface TokenUsageRow extends Row<typeof tokenUsageTracking> {}

/** One row of `story_generation_runs`. */
interface StoryGenerationRunRow extends Row<typeof storyGenerationRuns> {}

/** What we read of `authors`, in the Mythoria web app's database. */
export type AuthorRow = { author_id: string; display_name: string; email: string };

/** What we read of `stories`, in the Mythoria web app's database. */
type StoryRow = { story_id: string; author_id: string; title: string };

declare module 'knex/types/tables.js' {
  interface Tables {
    token_usage_tracking: TokenUsageRow;
    story_generation_runs: StoryGenerationRunRow;
    authors: AuthorRow;
    stories: StoryRow;
  }
}

/**
 * Names columns of a table under the compiler's eye, for select, orderBy, groupBy and the like: Knex's own types take
 * any string there, so that a renamed column would pass.
 */
export function columns<Name extends keyof Tables, Column extends keyof Tables[Name]>(
  _table: Name,
  ...names: Column[]
): Column[] {
  return names;
}
