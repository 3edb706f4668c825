// Compiled, never run: the type checker is the test. An expected error that does not come is an error itself.
import type { Knex } from 'knex';
import { type AuthorRow, columns, type TokenUsageRow } from '../../src/db/tables.ts';

type Same<Left, Right> = [Left] extends [Right] ? ([Right] extends [Left] ? true : false) : false;

export const rowIsWhatOurParsersReturn: Same<
  TokenUsageRow,
  {
    token_usage_id: string;
    author_id: string;
    story_id: string;
    action: string;
    ai_model: string;
    input_tokens: number;
    output_tokens: number;
    estimated_cost_in_euros: string;
    input_prompt_json: unknown;
    created_at: string;
  }
> = true;

export async function queries(knex: Knex): Promise<unknown[]> {
  const usage = () => knex('token_usage_tracking');

  const [selected] = await usage().select(columns('token_usage_tracking', 'created_at', 'input_tokens'));
  const createdAt: string | undefined = selected?.created_at;
  const inputTokens: number | undefined = selected?.input_tokens;
  // @ts-expect-error a column that was not selected
  const notSelected = selected?.ai_model;

  const first = await usage().where({ action: 'test' }).first();
  const cost: string | undefined = first?.estimated_cost_in_euros;
  // @ts-expect-error no such column
  const wrongProperty = first?.cost;

  // @ts-expect-error no such column
  await usage().where({ model: 'gpt-5' });
  // @ts-expect-error no such column
  columns('token_usage_tracking', 'created_on');
  // @ts-expect-error a column of another table
  columns('authors', 'story_id');
  // @ts-expect-error no such table
  columns('author', 'author_id');

  const authors: AuthorRow[] = await knex('authors').select(columns('authors', 'author_id', 'display_name', 'email'));
  const [story] = await knex('stories').where({ title: 'O dragão' });
  // @ts-expect-error a key of the Drizzle table is not the name of the column
  const wrongCase = story?.storyId;

  return [createdAt, inputTokens, notSelected, cost, wrongProperty, authors, story?.title, wrongCase];
}
