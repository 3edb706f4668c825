import { costFromNumeric } from '../../units/money.ts';
import { timeFromPostgres } from '../../units/time.ts';
import type { UsageRecord } from './records.ts';

/**
 * A record as one text, for files of millions: each column that a driver hands over costs more than PostgreSQL needs to write all of them
 * into one. Columns that stand together in a file are a run, with commas as in CSV. Action and model, which may hold anything, come last,
 * and before them of how many characters the action is.
 */
export const TEXT_OF_A_RECORD = `concat_ws(',', token_usage_id, author_id, story_id, created_at,
  input_tokens, output_tokens, input_tokens::bigint + output_tokens, estimated_cost_in_euros,
  char_length(action::text), action::text || ai_model)`;

/** What a run is of, in its order. */
export const RUNS = {
  ids: ['tokenUsageId', 'authorId', 'storyId'],
  numbers: ['inputTokens', 'outputTokens', 'totalTokens', 'estimatedCostInEuros'],
};

const A_UUID = 36;
const AUTHOR = A_UUID + ','.length;
const STORY = AUTHOR + A_UUID + ','.length;
const TIME = STORY + A_UUID + ','.length;

export const authorOf = (text: string): string => text.slice(AUTHOR, AUTHOR + A_UUID);
export const storyOf = (text: string): string => text.slice(STORY, STORY + A_UUID);

/** The runs of a record, its time as PostgreSQL prints it, its action and its model. */
export type PrintedRecord = Record<keyof typeof RUNS | 'createdAt' | 'action' | 'aiModel', string>;

export function printedRecordOf(text: string): PrintedRecord {
  const time = text.indexOf(',', TIME);
  let numbers = time;
  for (let i = 0; i < RUNS.numbers.length; i++) numbers = text.indexOf(',', numbers + 1);
  const length = text.indexOf(',', numbers + 1);
  const action = afterCharacters(text, length + 1, Number(text.slice(numbers + 1, length)));
  return {
    ids: text.slice(0, STORY + A_UUID),
    createdAt: text.slice(TIME, time),
    numbers: text.slice(time + 1, numbers),
    action: text.slice(length + 1, action),
    aiModel: text.slice(action),
  };
}

/** Where the character after so many of PostgreSQL's is: one of them may be two of JavaScript's. */
function afterCharacters(text: string, first: number, characters: number): number {
  let at = first;
  for (let i = 0; i < characters; i++) at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
  return at;
}

/** A record from its text. */
export function recordOfText(text: string): UsageRecord {
  const { ids, createdAt, numbers, action, aiModel } = printedRecordOf(text);
  const [tokenUsageId, authorId, storyId] = ids.split(',') as [string, string, string];
  const [input, output, total, cost] = numbers.split(',') as [string, string, string, string];
  return {
    ...{ tokenUsageId, authorId, storyId, action, aiModel },
    inputTokens: Number(input),
    outputTokens: Number(output),
    totalTokens: Number(total),
    estimatedCostInEuros: cost,
    cost: costFromNumeric(cost),
    createdAt: timeFromPostgres(createdAt),
  };
}
