import type { Knex } from 'knex';

/** What the replaced page asked for each view in four full scans: overall, by model, by action, by day. */
const QUERIES = [
  `SELECT sum(estimated_cost_in_euros), sum(input_tokens), sum(output_tokens), count(*) FROM token_usage_tracking WHERE created_at >= ?`,
  `SELECT ai_model, sum(input_tokens), sum(output_tokens), sum(estimated_cost_in_euros), count(*)
     FROM token_usage_tracking WHERE created_at >= ? GROUP BY ai_model ORDER BY 4 DESC`,
  `SELECT action, sum(estimated_cost_in_euros), count(*), sum(input_tokens), sum(output_tokens), count(DISTINCT story_id)
     FROM token_usage_tracking WHERE created_at >= ? GROUP BY action ORDER BY 2 DESC`,
  `SELECT date(created_at), sum(estimated_cost_in_euros), count(*), sum(input_tokens), sum(output_tokens)
     FROM token_usage_tracking WHERE created_at >= ? GROUP BY 1 ORDER BY 1`,
];

export async function direct(workflows: Knex, days: number): Promise<number> {
  const begun = performance.now();
  const from = new Date(Date.now() - days * 86_400_000).toISOString();
  await workflows.transaction(async (transaction) => {
    await transaction.raw('SET LOCAL statement_timeout = 0');
    for (const query of QUERIES) await transaction.raw(query, [from]);
  });
  return performance.now() - begun;
}
