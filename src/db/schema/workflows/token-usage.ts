import { index, integer, jsonb, numeric, pgTable, timestamp, uuid, varchar } from 'drizzle-orm/pg-core';
import { aiActionType } from './enums';

export const tokenUsageTracking = pgTable(
  'token_usage_tracking',
  {
    tokenUsageId: uuid('token_usage_id').primaryKey().defaultRandom(),
    authorId: uuid('author_id').notNull(),
    storyId: uuid('story_id').notNull(),
    action: aiActionType().notNull(),
    aiModel: varchar('ai_model', { length: 100 }).notNull(),
    inputTokens: integer('input_tokens').notNull(),
    outputTokens: integer('output_tokens').notNull(),
    estimatedCostInEuros: numeric('estimated_cost_in_euros', { precision: 10, scale: 6 }).notNull(),
    inputPromptJson: jsonb('input_prompt_json').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    index().on(table.storyId),
    index().on(table.authorId),
    index().on(table.createdAt),
    index().on(table.authorId, table.createdAt),
    index().on(table.action),
    index().on(table.aiModel),
  ],
);
