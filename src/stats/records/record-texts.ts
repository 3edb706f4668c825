import { costFromNumeric } from '../../units/money.ts';
import { timeFromPostgres } from '../../units/time.ts';
import type { UsageRecord } from './records.ts';

/**
 * The columns of a record as three texts, for files of millions: each column that a driver hands over costs more than PostgreSQL needs to
 * write all of them into one. Names, which may hold anything, stand by themselves; the others have forms without a tab.
 */
export const TEXTS_OF_A_RECORD = `token_usage_id::text || author_id || story_id || created_at
  || E'\\t' || input_tokens || E'\\t' || output_tokens || E'\\t' || estimated_cost_in_euros, action, ai_model`;

export type RecordTexts = [others: string, action: string, aiModel: string];

const A_UUID = 36;

export const authorOf = ([others]: RecordTexts): string => others.slice(A_UUID, 2 * A_UUID);
export const storyOf = ([others]: RecordTexts): string => others.slice(2 * A_UUID, 3 * A_UUID);

/** The columns of a record, each as PostgreSQL prints it. */
export type PrintedRecord = Record<Exclude<keyof UsageRecord, 'totalTokens' | 'cost'>, string>;

export function printedRecordOf(texts: RecordTexts): PrintedRecord {
  const [others, action, aiModel] = texts;
  const time = others.indexOf('\t', 3 * A_UUID);
  const input = others.indexOf('\t', time + 1);
  const output = others.indexOf('\t', input + 1);
  return {
    tokenUsageId: others.slice(0, A_UUID),
    authorId: authorOf(texts),
    storyId: storyOf(texts),
    action,
    aiModel,
    inputTokens: others.slice(time + 1, input),
    outputTokens: others.slice(input + 1, output),
    estimatedCostInEuros: others.slice(output + 1),
    createdAt: others.slice(3 * A_UUID, time),
  };
}

/** A record from its texts. */
export function recordOfTexts(texts: RecordTexts): UsageRecord {
  const { tokenUsageId, authorId, storyId, action, aiModel, estimatedCostInEuros, ...printed } = printedRecordOf(texts);
  const inputTokens = Number(printed.inputTokens);
  const outputTokens = Number(printed.outputTokens);
  return {
    tokenUsageId,
    authorId,
    storyId,
    action,
    aiModel,
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    estimatedCostInEuros,
    cost: costFromNumeric(estimatedCostInEuros),
    createdAt: timeFromPostgres(printed.createdAt),
  };
}
