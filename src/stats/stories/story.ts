import type { Knex } from 'knex';
import { type UsageFilter, whereUsage } from '../../query/filter.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { exactInteger } from '../../units/integer.ts';
import { type MicroEuros, microEurosFromNumeric, NO_EUROS, plus } from '../../units/money.ts';
import { type Instant, instantFromPostgres, type Length, SECOND, type Window } from '../../units/time.ts';
import type { PriceList } from '../pricing/price-list.ts';
import { assertPricedOneByOne } from '../pricing/priced-calls.ts';
import { costOfRecord, type Unpriced, unpricedOf } from '../pricing/repriced.ts';
import { COLUMNS_OF_A_RECORD, type RecordRow, recordOf, type UsageRecord } from '../records/records.ts';
import type { UsageSource } from '../source.ts';
import { SUM_RAW, type SumRow, type Sums, sumOf, sumsOf, usageCellOf } from '../sums.ts';

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

/** The same where each call costs what the price list says; those without a price cost nothing, and are no repeats. */
export type PricedStory = Story & { unpriced: Unpriced };

/** All that is told of one story, of a filter that names it, by a price list or as recorded where that is null. @throws TooMuchToCount */
export async function readStory(
  { workflows, timeZone }: Pick<UsageSource, 'workflows' | 'timeZone'>,
  window: Window,
  filter: UsageFilter,
  list: PriceList | null,
): Promise<Story | PricedStory> {
  const story = await readRecordedStory(workflows, window, filter);
  if (list === null) return story;
  assertPricedOneByOne(story.total.requests);
  const rows = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select<RecordRow[]>(COLUMNS_OF_A_RECORD)
    .orderBy(['created_at', 'token_usage_id']);
  return pricedStory(
    story,
    rows.map(recordOf).map((record) => ({ record, cost: costOfRecord(record, list, timeZone) })),
  );
}

/** In order of time. */
function pricedStory(story: Story, calls: { record: UsageRecord; cost: MicroEuros | null }[]): PricedStory {
  const costOf = (some: typeof calls) => some.reduce((sum, { cost }) => plus(sum, cost ?? NO_EUROS), NO_EUROS);
  const byAction = groupedBy(calls, ({ record }) => record.action);
  const steps = story.steps.map((step) => ({ ...step, cost: costOf(byAction.get(step.action) ?? []) }));
  const priced = calls.filter(({ record, cost }) => record.inputTokens > 0 && cost !== null && cost >= 0);
  const alike = groupedBy(priced, ({ record: { action, aiModel, inputTokens } }) =>
    JSON.stringify([action, aiModel, inputTokens]),
  );
  const repeats = [...alike.values()].flatMap((some): Repeat[] => {
    const [first] = some;
    if (first === undefined || some.length === 1) return [];
    const { action, aiModel, inputTokens } = first.record;
    return [{ action, model: aiModel, inputTokens, calls: some.length, beyond: costOf(some.slice(1)) }];
  });
  const unpriced = calls.flatMap(({ record: { action, aiModel, inputTokens, outputTokens }, cost }) =>
    cost !== null
      ? []
      : [usageCellOf('', action, aiModel, { requests: 1, inputTokens, outputTokens, cost: NO_EUROS }, 0)],
  );
  return {
    ...story,
    ...{ steps, total: { ...story.total, cost: costOf(calls) }, unpriced: unpricedOf(unpriced) },
    repeats: repeats
      .sort(
        (a, b) =>
          b.beyond - a.beyond ||
          byCodePoint(a.action, b.action) ||
          byCodePoint(a.model, b.model) ||
          a.inputTokens - b.inputTokens,
      )
      .slice(0, MOST_REPEATS),
    repeated: {
      groups: repeats.length,
      calls: repeats.reduce((sum, { calls }) => sum + calls, 0),
      beyond: repeats.reduce((sum, { beyond }) => plus(sum, beyond), NO_EUROS),
    },
  };
}

/** As recorded: the index on story_id makes each part cheap. */
async function readRecordedStory(workflows: Knex, window: Window, filter: UsageFilter): Promise<Story> {
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
