import type { Knex } from 'knex';
import { SORT_COLUMNS } from '../query/sorts.ts';

/** An index on the source that makes a view fast; we never create one outside demo data, the table is not ours. */
export type RecommendedIndex = { name: string; keys: [string, string]; statement: string; serves: string };

const index = (name: string, keys: [string, string], include: string, serves: string): RecommendedIndex => ({
  name,
  keys,
  statement: `CREATE INDEX CONCURRENTLY ${name} ON token_usage_tracking (${keys.join(', ')}) INCLUDE (${include})`,
  serves,
});

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
