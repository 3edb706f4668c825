import type { Knex } from 'knex';
import { eurosText } from '../units/money.ts';
import { type Instant, isoFromInstant } from '../units/time.ts';
import { authorOf, DELETED_AUTHOR } from './people.ts';
import type { DemoRow } from './rows.ts';
import type { DemoStory } from './stories.ts';

/** Inserts the rows that are not there yet, in one transaction, and returns how many these were. */
export async function insertUsage(workflows: Knex, rows: readonly DemoRow[]): Promise<number> {
  // One array per column is a third faster than a value per cell.
  const result: { rowCount: number } = await workflows.raw(
    `INSERT INTO token_usage_tracking (
       token_usage_id, author_id, story_id, action, ai_model, input_tokens, output_tokens,
       estimated_cost_in_euros, input_prompt_json, created_at
     )
     SELECT * FROM unnest(
       ?::uuid[], ?::uuid[], ?::uuid[], ?::ai_action_type[], ?::varchar[], ?::integer[], ?::integer[],
       ?::numeric[], ?::jsonb[], ?::timestamptz[]
     )
     ON CONFLICT DO NOTHING`,
    [
      rows.map((row) => row.tokenUsageId),
      rows.map((row) => row.authorId),
      rows.map((row) => row.storyId),
      rows.map((row) => row.action),
      rows.map((row) => row.aiModel),
      rows.map((row) => row.inputTokens),
      rows.map((row) => row.outputTokens),
      rows.map((row) => eurosText(row.cost)),
      rows.map((row) => JSON.stringify(row.prompt)),
      rows.map((row) => isoFromInstant(row.createdAt)),
    ],
  );
  return result.rowCount;
}

/** Inserts the runs of stories, or brings their status up to date. */
export async function upsertRuns(workflows: Knex, stories: readonly DemoStory[], now: Instant): Promise<void> {
  const runs = stories.flatMap(({ runId, storyId, begun, duration, abandoned }) => {
    if (runId === null || begun >= now) return [];
    const status = begun + duration > now ? 'running' : abandoned ? 'failed' : 'completed';
    return [{ run_id: runId, story_id: storyId, status, created_at: isoFromInstant(begun) }];
  });
  if (runs.length === 0) return;
  await workflows('story_generation_runs').insert(runs).onConflict('run_id').merge(['status']);
}

/** Inserts the names of stories and their authors that are not there yet, except those of the deleted account. */
export async function insertNames(mythoria: Knex, seed: string, stories: readonly DemoStory[]): Promise<void> {
  const kept = stories.filter(({ author }) => author !== DELETED_AUTHOR);
  if (kept.length === 0) return;
  const authors = [...new Set(kept.map(({ author }) => author))].map((number) => authorOf(seed, number));
  await mythoria('authors')
    .insert(
      authors.map((author) => ({ author_id: author.authorId, display_name: author.displayName, email: author.email })),
    )
    .onConflict()
    .ignore();
  await mythoria('stories')
    .insert(kept.map(({ storyId, authorId, title }) => ({ story_id: storyId, author_id: authorId, title })))
    .onConflict()
    .ignore();
}
