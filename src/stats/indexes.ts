import type { Knex } from 'knex';
import { SORT_COLUMNS } from '../query/sorts.ts';

/** An index on the source that makes a view fast; we never create one outside demo data, the table is not ours. */
export type RecommendedIndex = {
  name: string;
  keys: [string, string];
  /** What it is made of, as SQL has it behind the name of the table. */
  columns: string;
  /** Makes it where the source is a table. */
  statement: string;
  serves: string;
};

const index = (name: string, keys: [string, string], include: string, serves: string): RecommendedIndex => {
  const columns = `(${keys.join(', ')}) INCLUDE (${include})`;
  return {
    name,
    keys,
    columns,
    statement: `CREATE INDEX CONCURRENTLY ${name} ON token_usage_tracking ${columns}`,
    serves,
  };
};

const sorted = (
  sortBy: keyof typeof SORT_COLUMNS,
  short: string,
  serves: string,
  include = 'created_at, action, ai_model',
): RecommendedIndex =>
  // All that filters need is in it, so that only the rows of a page are fetched.
  index(`token_usage_tracking_by_${short}`, [SORT_COLUMNS[sortBy].sql, 'token_usage_id'], include, serves);

export const RECOMMENDED_INDEXES: RecommendedIndex[] = [
  index(
    'token_usage_tracking_by_story',
    ['story_id', 'created_at'],
    'action, ai_model',
    'every statistic (were the stories of the last minutes there before?) and the building of rollups',
  ),
  sorted('estimatedCostInEuros', 'cost', 'records sorted by cost'),
  sorted('inputTokens', 'input_tokens', 'records sorted by tokens in'),
  sorted('outputTokens', 'output_tokens', 'records sorted by tokens out'),
  sorted(
    'totalTokens',
    'total_tokens',
    'records sorted by tokens',
    // PostgreSQL answers from an index on an expression alone only where the expression's columns are in it too.
    'created_at, action, ai_model, input_tokens, output_tokens',
  ),
];

type Part = { name: string; parent: string | null; kind: 'r' | 'p' | 'f'; level: number };

/**
 * The statements that make an index while others write. PostgreSQL makes none of partitions so: they get theirs one by one, and the index of
 * all is put together from them. A partition that lies on another server has to get it there, which a comment says.
 */
export async function statementsFor(
  workflows: Knex,
  { name, columns, statement }: RecommendedIndex,
): Promise<string[]> {
  const { rows: parts } = await workflows.raw<{ rows: Part[] }>(
    `SELECT relid::regclass::text AS name, parentrelid::regclass::text AS parent, relkind AS kind, level
       FROM pg_partition_tree('token_usage_tracking') JOIN pg_class ON oid = relid ORDER BY level, 1`,
  );
  if (parts.length === 0) return [statement];
  const nameOf = new Map(parts.map((part, i) => [part.name, i === 0 ? name : `${name}_${i}`]));
  const make = parts.map((part) => {
    if (part.kind === 'f') return `-- ${part.name} is a table of another server: this index has to be made there`;
    const where = part.kind === 'p' ? `${nameOf.get(part.name)} ON ONLY` : `CONCURRENTLY ${nameOf.get(part.name)} ON`;
    return `CREATE INDEX ${where} ${part.name} ${columns}`;
  });
  const attach = parts
    .filter(({ kind, level }) => kind !== 'f' && level > 0)
    .map((part) => `ALTER INDEX ${nameOf.get(part.parent ?? '')} ATTACH PARTITION ${nameOf.get(part.name)}`);
  return [...make, ...attach];
}

/** Which of them the source has, under whatever name: by name of the recommended, the name of one with the same first keys. */
export async function existingIndexes(workflows: Knex): Promise<Map<string, string>> {
  const { rows } = await workflows.raw<{ rows: { name: string; first: string; second: string | null }[] }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid, 1, true) AS first, pg_get_indexdef(indexrelid, 2, true) AS second
       FROM pg_index WHERE indrelid = 'token_usage_tracking'::regclass AND indisvalid`,
  );
  const plain = (expression: string | null) => expression?.replace(/[()\s]/g, '');
  const found = new Map<string, string>();
  for (const { name, keys } of RECOMMENDED_INDEXES) {
    const [first, second] = keys.map(plain);
    const match = rows.find((row) => plain(row.first) === first && plain(row.second) === second);
    if (match) found.set(name, match.name);
  }
  return found;
}
