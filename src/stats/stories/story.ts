import type { Knex } from 'knex';
import { type UsageFilter, whereUsage } from '../../query/filter.ts';
import { exactInteger } from '../../units/integer.ts';
import { type MicroEuros, microEurosFromNumeric } from '../../units/money.ts';
import { type Instant, instantFromPostgres, type Length, SECOND, type Window } from '../../units/time.ts';
import { COLUMNS_OF_A_RECORD, type RecordRow, recordOf, type UsageRecord } from '../records/records.ts';
import { SUM_RAW, type SumRow, type Sums, sumOf, sumsOf } from '../sums.ts';

/** An action's part of a story; instants of its first and last call. */
export type StoryStep = Sums & { action: string; models: string[]; first: Instant; last: Instant };

/** Calls of one action and model with the same number of input tokens; `beyond` is what those after the first cost. */
export type Repeat = { action: string; model: string; inputTokens: number; calls: number; beyond: MicroEuros };

export type Story = {
  total: Sums;
  /** Whose calls they are: one, but for odd data. */
  authors: string[];
  /** The breaks between its calls together: those of more than BREAK_MINUTES, in which nobody waits for an answer any more. */
  waited: Length;
  /** In the order of their first calls. */
  steps: StoryStep[];
  /** The most expensive ones first. */
  repeats: Repeat[];
  /** All repeats together, also those that are not listed. */
  repeated: { groups: number; calls: number; beyond: MicroEuros };
  /** The first ones, in order of time. */
  records: UsageRecord[];
};

/** An answer takes a few minutes at most: who calls again later than this has waited for something else. */
export const BREAK_MINUTES = 10;
const MOST_RECORDS_OF_STORY = 100;
const MOST_REPEATS = 50;

type StepRow = SumRow & { action: string; models: string[]; authors: string[]; first: string; last: string };
type RepeatRow = { action: string; model: string; input_tokens: number; calls: string; beyond: string } & {
  all_groups: string;
  all_calls: string;
  all_beyond: string;
};

/** All that is told of one story, of a filter that names it: the index on story_id makes each part cheap. */
export async function readStory(workflows: Knex, window: Window, filter: UsageFilter): Promise<Story> {
  const rows = () => workflows('token_usage_tracking').modify(whereUsage, window, filter);
  const first = rows()
    .select<RecordRow[]>(COLUMNS_OF_A_RECORD)
    .orderBy(['created_at', 'token_usage_id'])
    .limit(MOST_RECORDS_OF_STORY);
  const [steps, repeats, waited, records] = await Promise.all([
    rows()
      .select<StepRow[]>('action')
      .select(workflows.raw(SUM_RAW))
      .select(
        workflows.raw(`array_agg(DISTINCT ai_model::text) AS models, array_agg(DISTINCT author_id::text) AS authors,
          min(created_at) AS first, max(created_at) AS last`),
      )
      .groupBy('action')
      .orderByRaw('min(created_at), action'),
    readRepeats(workflows, rows()),
    readWaited(workflows, rows),
    first,
  ]);
  const [repeat] = repeats;
  return {
    total: sumOf(steps.map(sumsOf)),
    authors: [...new Set(steps.flatMap(({ authors }) => authors))].sort(),
    waited,
    steps: steps.map(({ action, models, first, last, ...sums }) => ({
      ...sumsOf(sums),
      action,
      models: [...models].sort(),
      first: instantFromPostgres(first),
      last: instantFromPostgres(last),
    })),
    repeats: repeats.map(({ action, model, input_tokens, calls, beyond }) => ({
      action,
      model,
      inputTokens: input_tokens,
      calls: exactInteger(calls),
      beyond: microEurosFromNumeric(beyond),
    })),
    repeated: {
      groups: exactInteger(repeat?.all_groups ?? '0'),
      calls: exactInteger(repeat?.all_calls ?? '0'),
      beyond: microEurosFromNumeric(repeat?.all_beyond ?? '0'),
    },
    records: records.map(recordOf),
  };
}

async function readWaited(workflows: Knex, rows: () => Knex.QueryBuilder): Promise<Length> {
  const pauses = rows()
    .select(workflows.raw('created_at - lag(created_at) OVER (ORDER BY created_at) AS pause'))
    .whereRaw('isfinite(created_at)');
  const { rows: found } = await workflows.raw<{ rows: [{ seconds: string }] }>(
    `SELECT coalesce(sum(extract(epoch FROM pause)), 0)::bigint AS seconds FROM (?) AS pauses
      WHERE pause > make_interval(mins => ?)`,
    [pauses, BREAK_MINUTES],
  );
  return BigInt(found[0].seconds) * SECOND;
}

async function readRepeats(workflows: Knex, rows: Knex.QueryBuilder): Promise<RepeatRow[]> {
  const groups = rows
    .select('action', 'input_tokens')
    .select(
      workflows.raw(`ai_model AS model, count(*) AS calls,
        sum(estimated_cost_in_euros) - (array_agg(estimated_cost_in_euros ORDER BY created_at, token_usage_id))[1] AS beyond`),
    )
    // Without a prompt's length nothing says that two calls are alike.
    .where('input_tokens', '>', 0)
    // A refund is no call, and what has no number has no cost after the first.
    .whereRaw(`estimated_cost_in_euros >= 0 AND estimated_cost_in_euros < 'NaN'`)
    .groupBy('action', 'ai_model', 'input_tokens')
    .havingRaw('count(*) > 1');
  const { rows: found } = await workflows.raw<{ rows: RepeatRow[] }>(
    `SELECT *, count(*) OVER () AS all_groups, sum(calls) OVER () AS all_calls, sum(beyond) OVER () AS all_beyond
       FROM (?) AS repeats ORDER BY beyond DESC, action, model, input_tokens LIMIT ?`,
    [groups, MOST_REPEATS],
  );
  return found;
}
