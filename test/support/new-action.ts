import { AI_ACTIONS } from '../../src/demo/source-tables.ts';
import { databases } from './databases.ts';

/** The workflow service starts to record an action that nobody here has heard of. */
export async function addAction(name: string): Promise<void> {
  await databases().workflows.raw(`ALTER TYPE ai_action_type ADD VALUE '${name}'`);
}

/** PostgreSQL cannot take a value off an enum, so the type is made anew; the table must hold known actions only. */
export async function restoreActions(): Promise<void> {
  await databases().workflows.raw(`
    ALTER TYPE ai_action_type RENAME TO ai_action_type_of_a_test;
    CREATE TYPE ai_action_type AS ENUM (${AI_ACTIONS.map((action) => `'${action}'`).join(', ')});
    ALTER TABLE token_usage_tracking ALTER action TYPE ai_action_type USING action::text::ai_action_type;
    DROP TYPE ai_action_type_of_a_test`);
}
