import type { Knex } from 'knex';
import { aiActionType } from '../db/schema/workflows/enums.ts';

/** The values of `ai_action_type`, in the order of the enum. */
export const AI_ACTIONS = aiActionType.enumValues;

export type AiAction = (typeof AI_ACTIONS)[number];

const ACTION_VALUES = AI_ACTIONS.map((action) => `'${action}'`).join(', ');

/**
 * Creates what the story generation workflow owns and this program reads: the enum, `token_usage_tracking` with
 * its real indexes, and `story_generation_runs`. Leaves alone what exists already.
 */
export async function createWorkflowsTables(workflows: Knex): Promise<void> {
  await workflows.raw(`
    DO $$ BEGIN
      CREATE TYPE ai_action_type AS ENUM (${ACTION_VALUES});
    EXCEPTION WHEN duplicate_object THEN NULL;
    END $$;

    CREATE TABLE IF NOT EXISTS token_usage_tracking (
      token_usage_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      author_id uuid NOT NULL,
      story_id uuid NOT NULL,
      action ai_action_type NOT NULL,
      ai_model varchar(100) NOT NULL,
      input_tokens integer NOT NULL,
      output_tokens integer NOT NULL,
      estimated_cost_in_euros numeric(10, 6) NOT NULL,
      input_prompt_json jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS token_usage_tracking_story_id_index ON token_usage_tracking (story_id);
    CREATE INDEX IF NOT EXISTS token_usage_tracking_author_id_index ON token_usage_tracking (author_id);
    CREATE INDEX IF NOT EXISTS token_usage_tracking_created_at_index ON token_usage_tracking (created_at);
    CREATE INDEX IF NOT EXISTS token_usage_tracking_author_id_created_at_index
      ON token_usage_tracking (author_id, created_at);
    CREATE INDEX IF NOT EXISTS token_usage_tracking_action_index ON token_usage_tracking (action);
    CREATE INDEX IF NOT EXISTS token_usage_tracking_ai_model_index ON token_usage_tracking (ai_model);

    CREATE TABLE IF NOT EXISTS story_generation_runs (
      run_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      story_id uuid NOT NULL,
      status text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
  `);
}

/** Creates the two tables of the Mythoria web app that names are read from. Leaves alone what exists already. */
export async function createMythoriaTables(mythoria: Knex): Promise<void> {
  await mythoria.raw(`
    CREATE TABLE IF NOT EXISTS authors (
      author_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      display_name varchar(120) NOT NULL,
      email varchar(255) NOT NULL
    );
    CREATE TABLE IF NOT EXISTS stories (
      story_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      author_id uuid NOT NULL,
      title varchar(255) NOT NULL
    );
  `);
}
