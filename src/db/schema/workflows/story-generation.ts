import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

// First copy, written before the first sync: these four columns are known by name, their types are assumed,
// and the real table has more. `npm run sync-workflows-schema` replaces this file.
export const storyGenerationRuns = pgTable('story_generation_runs', {
  runId: uuid('run_id').primaryKey(),
  storyId: uuid('story_id').notNull(),
  status: text('status').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
});
