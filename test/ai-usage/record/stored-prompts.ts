import { databases } from '../../support/databases.ts';
import { insertUsage } from '../../support/usage.ts';

export const RECORDS = '/ai-usage/records';
/** Rows whose prompts are what an SQL expression makes of it; their ids, in order. */
export async function insertPrompts(expressions: string[]): Promise<string[]> {
  const rows = await insertUsage(expressions.map(() => ({})));
  for (const [i, { id }] of rows.entries()) {
    await databases().workflows.raw(
      `UPDATE token_usage_tracking SET input_prompt_json = ${expressions[i]?.replaceAll('?', '\\?')} WHERE token_usage_id = ?`,
      [id],
    );
  }
  return rows.map(({ id }) => id);
}

/** The prompts of all records as PostgreSQL prints them, by id. */
export async function stored(): Promise<Map<string, string>> {
  const { workflows } = databases();
  const rows = await workflows('token_usage_tracking').select<{ token_usage_id: string; prompt: string }[]>(
    'token_usage_id',
    workflows.raw('input_prompt_json::text AS prompt'),
  );
  return new Map(rows.map(({ token_usage_id, prompt }) => [token_usage_id, prompt]));
}
