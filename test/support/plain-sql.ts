import type { Knex } from 'knex';
import { databases } from './databases.ts';

/** What plain SQL, written for the tests alone, says of rows; `cost` as PostgreSQL prints it. */
export type PlainSums = {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  cost: string;
  stories: number;
};

/** A condition of our own, not the program's. */
export type Where = { sql: string; bindings: Knex.RawBinding[] };

type SumsRow = { requests: string; input: string; output: string; cost: string; stories: string };

const SUMS = `count(*)::text AS requests, coalesce(sum(input_tokens::bigint), 0)::text AS input,
  coalesce(sum(output_tokens::bigint), 0)::text AS output, coalesce(sum(estimated_cost_in_euros), 0)::text AS cost,
  count(DISTINCT story_id)::text AS stories`;

function sumsOf({ requests, input, output, cost, stories }: SumsRow): PlainSums {
  return {
    requests: Number(requests),
    inputTokens: Number(input),
    outputTokens: Number(output),
    cost,
    stories: Number(stories),
  };
}

export async function plainTotal({ sql, bindings }: Where): Promise<PlainSums> {
  const { rows } = await databases().workflows.raw<{ rows: [SumsRow] }>(
    `SELECT ${SUMS} FROM token_usage_tracking WHERE ${sql}`,
    bindings,
  );
  return sumsOf(rows[0]);
}

/** The sums by an SQL expression's text, in that text's order. */
export async function plainGroups(
  expression: string,
  { sql, bindings }: Where,
): Promise<(PlainSums & { key: string })[]> {
  const { rows } = await databases().workflows.raw<{ rows: (SumsRow & { key: string })[] }>(
    `SELECT (${expression})::text COLLATE "C" AS key, ${SUMS} FROM token_usage_tracking WHERE ${sql} GROUP BY 1 ORDER BY 1`,
    bindings,
  );
  return rows.map((row) => ({ key: row.key, ...sumsOf(row) }));
}

export async function plainIds(orderBy: string, { sql, bindings }: Where): Promise<string[]> {
  const { rows } = await databases().workflows.raw<{ rows: { id: string }[] }>(
    `SELECT token_usage_id AS id FROM token_usage_tracking WHERE ${sql} ORDER BY ${orderBy}`,
    bindings,
  );
  return rows.map(({ id }) => id);
}
