import type { Knex } from 'knex';

/** The models that have rows and the actions that the database knows, each in alphabetical order. */
export type Dimensions = { models: string[]; actions: string[] };

/** One step of the index on ai_model per model, whatever the number of rows (PostgreSQL has no skip scan before 18). */
const MODELS = `
  WITH RECURSIVE models AS (
    (SELECT ai_model FROM token_usage_tracking ORDER BY ai_model LIMIT 1)
    UNION ALL
    SELECT (SELECT ai_model FROM token_usage_tracking WHERE ai_model > models.ai_model ORDER BY ai_model LIMIT 1)
    FROM models WHERE models.ai_model IS NOT NULL
  )
  SELECT ai_model FROM models WHERE ai_model IS NOT NULL ORDER BY ai_model COLLATE "C"`;

const ACTIONS = `
  SELECT enumlabel FROM pg_enum
  JOIN pg_attribute ON pg_attribute.atttypid = pg_enum.enumtypid
  WHERE attrelid = 'token_usage_tracking'::regclass AND attname = 'action'
  ORDER BY enumlabel COLLATE "C"`;

export async function readDimensions(workflows: Knex): Promise<Dimensions> {
  const [models, actions] = await Promise.all([
    workflows.raw<{ rows: { ai_model: string }[] }>(MODELS),
    workflows.raw<{ rows: { enumlabel: string }[] }>(ACTIONS),
  ]);
  return { models: models.rows.map((row) => row.ai_model), actions: actions.rows.map((row) => row.enumlabel) };
}
