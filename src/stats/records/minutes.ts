import type { Knex } from 'knex';
import { type UsageFilter, whereUsage } from '../../query/filter.ts';
import { exactInteger } from '../../units/integer.ts';
import { type Instant, instantFromPostgres, postgresFromInstant, type Window } from '../../units/time.ts';
import { SUM_RAW, type SumRow, type Sums, sumsOf } from '../sums.ts';

/** What is told apart besides time. */
export type MinuteKey = 'model' | 'action';

/** The sums of a bucket of time, which begins at `at`; `key` is empty where nothing is told apart. */
export type TimedSums = { at: Instant; key: string; sums: Sums };

const KEY_SQL: Record<MinuteKey, string> = { model: 'ai_model', action: 'action::text' };

/** The sums of each minute of a window that holds calls, in order of time: from the table itself, whatever rollups there are. */
export async function readMinutes(
  workflows: Knex,
  window: Window,
  filter: UsageFilter,
  key: MinuteKey | null,
): Promise<TimedSums[]> {
  const rows: (SumRow & { at: string; key: string })[] = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select(workflows.raw(`date_trunc('minute', created_at) AS at`))
    .select(workflows.raw(`${key === null ? `''` : KEY_SQL[key]} AS key, ${SUM_RAW}`))
    .groupByRaw('1, 2')
    .orderByRaw('1');
  return rows.map(({ at, key, ...sums }) => ({ at: instantFromPostgres(at), key, sums: sumsOf(sums) }));
}

/** How many stories were first active in a minute within one of some windows, by the place of the window. */
export type FirstVisits = { window: number; at: Instant; stories: number };

/** Of adjoining windows, given by where each begins and the last one ends, in order of time. */
export async function readFirstVisits(workflows: Knex, bounds: Instant[], filter: UsageFilter): Promise<FirstVisits[]> {
  const [from, to] = [bounds[0], bounds.at(-1)];
  if (from === undefined || to === undefined) return [];
  const places = workflows('token_usage_tracking')
    .modify(whereUsage, { from, to }, filter)
    .select(
      workflows.raw('width_bucket(created_at, ?::timestamptz[]) AS place', [bounds.map(postgresFromInstant)]),
      workflows.raw(`date_trunc('minute', min(created_at)) AS at`),
    )
    .groupByRaw('1, story_id');
  const rows: { place: number; at: string; stories: string }[] = await workflows
    .from(places.as('firsts'))
    .select('place', 'at', workflows.raw('count(*) AS stories'))
    .groupByRaw('1, 2')
    .orderByRaw('1, 2');
  return rows.map(({ place, at, stories }) => ({
    ...{ window: place - 1, at: instantFromPostgres(at), stories: exactInteger(stories) },
  }));
}
