import type { Knex } from 'knex';
import { MAY_READ_PROMPTS } from '../../db/required-columns.ts';
import { columns, type TokenUsageRow } from '../../db/tables.ts';
import type { Cursor } from '../../query/cursor.ts';
import { type UsageFilter, whereUsage } from '../../query/filter.ts';
import type { UsageQuery } from '../../query/query.ts';
import { SORTS } from '../../query/sorts.ts';
import { costFromNumeric, type MicroEuros } from '../../units/money.ts';
import {
  type Instant,
  isoFromInstant,
  isTime,
  postgresFromInstant,
  timeFromPostgres,
  type Window,
} from '../../units/time.ts';

/** One AI call as the workflow service wrote it, without its prompt. */
export type UsageRecord = {
  tokenUsageId: string;
  authorId: string;
  storyId: string;
  action: string;
  aiModel: string;
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  /** As PostgreSQL prints it: six decimals, or NaN. */
  estimatedCostInEuros: string;
  /** Null where it is no number. */
  cost: MicroEuros | null;
  /** `BEFORE_TIME` or `AFTER_TIME` where it is none. */
  createdAt: Instant;
};

export const COLUMNS_OF_A_RECORD = columns(
  'token_usage_tracking',
  'token_usage_id',
  'author_id',
  'story_id',
  'action',
  'ai_model',
  'input_tokens',
  'output_tokens',
  'estimated_cost_in_euros',
  'created_at',
);

export type RecordRow = Omit<TokenUsageRow, 'input_prompt_json'>;

export function recordOf(row: RecordRow): UsageRecord {
  return {
    tokenUsageId: row.token_usage_id,
    authorId: row.author_id,
    storyId: row.story_id,
    action: row.action,
    aiModel: row.ai_model,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    totalTokens: row.input_tokens + row.output_tokens,
    estimatedCostInEuros: row.estimated_cost_in_euros,
    cost: costFromNumeric(row.estimated_cost_in_euros),
    createdAt: timeFromPostgres(row.created_at),
  };
}

const cursorTime = (at: Instant) => (isTime(at) ? isoFromInstant(at) : postgresFromInstant(at));

/** The cursor beside a record, for the link to what comes after or before it; `costs`: those of an order by the price list. */
export function cursorBeside(
  record: UsageRecord,
  direction: Cursor['direction'],
  { sortBy }: Pick<UsageQuery, 'sortBy'>,
  costs: ReadonlyMap<string, string> | null = null,
): Cursor {
  const values = SORTS[sortBy].map((column) => {
    if (column === 'createdAt') return cursorTime(record.createdAt);
    const listed = column === 'estimatedCostInEuros' ? costs?.get(record.tokenUsageId) : undefined;
    return listed ?? String(record[column]);
  });
  return { direction, values, id: record.tokenUsageId };
}

export type FoundRecord = { record: UsageRecord; mayReadPrompt: boolean };

/** One record, and whether its prompt may be read. */
export async function readRecord(workflows: Knex, id: string): Promise<FoundRecord | null> {
  const row = await workflows('token_usage_tracking')
    .where({ token_usage_id: id })
    .first<(RecordRow & { may_read_prompt: boolean }) | undefined>(
      ...COLUMNS_OF_A_RECORD,
      workflows.raw(`${MAY_READ_PROMPTS} AS may_read_prompt`),
    );
  return row ? { record: recordOf(row), mayReadPrompt: row.may_read_prompt } : null;
}

/** Whether a record is one of a window and filter. */
export async function isAmong(workflows: Knex, id: string, window: Window, filter: UsageFilter): Promise<boolean> {
  const row = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .where({ token_usage_id: id })
    .first('token_usage_id');
  return row !== undefined;
}

/** So many of the calls that repeat one are listed. */
const MOST_REPEATS = 20;

/**
 * The other calls of a record's story and action with its very prompt, oldest first. Only prompts that are stored in as many bytes are
 * looked into.
 */
export async function readRepeats(
  workflows: Knex,
  { tokenUsageId, storyId, action }: UsageRecord,
): Promise<UsageRecord[]> {
  const rows = await workflows('token_usage_tracking')
    .where({ story_id: storyId, action: action as 'test' })
    .whereNot({ token_usage_id: tokenUsageId })
    .whereRaw(
      `(SELECT CASE WHEN pg_column_size(own.input_prompt_json) = pg_column_size(token_usage_tracking.input_prompt_json)
                    THEN own.input_prompt_json = token_usage_tracking.input_prompt_json ELSE false END
          FROM token_usage_tracking AS own WHERE own.token_usage_id = ?)`,
      [tokenUsageId],
    )
    .orderBy('created_at')
    .limit(MOST_REPEATS)
    .select<RecordRow[]>(...COLUMNS_OF_A_RECORD);
  return rows.map(recordOf);
}
