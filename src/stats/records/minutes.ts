import type { Knex } from 'knex';
import { type UsageFilter, whereUsage } from '../../query/filter.ts';
import {
  addTime,
  compareInstants,
  DAY_OF_24_HOURS,
  earliest,
  type Instant,
  instantFromPostgres,
} from '../../units/time.ts';
import { SUM_RAW, type SumRow, type Sums, sumsOf } from '../sums.ts';

/** What is told apart besides time. */
export type MinuteKey = 'model' | 'action';

/** The sums of a bucket of time, which begins at `at`; `key` is empty where nothing is told apart. */
export type TimedSums = { at: Instant; key: string; sums: Sums };

const KEY_SQL: Record<MinuteKey, string> = { model: 'ai_model', action: 'action::text' };

/** Three months of ten million calls take longer than a statement may, and a day of them no time. */
const STRETCH = DAY_OF_24_HOURS;
export type Stretch = { from: Instant; to: Instant };

/**
 * The sums of each minute of a window that holds calls, in order of time: from the table itself, whatever rollups there are. The
 * window begins with a minute.
 */
export async function readMinutes(
  workflows: Knex,
  window: Stretch,
  filter: UsageFilter,
  key: MinuteKey | null,
): Promise<TimedSums[]> {
  const minutes: TimedSums[] = [];
  for (const stretch of stretchesOf(window)) {
    const rows: (SumRow & { at: string; key: string })[] = await workflows('token_usage_tracking')
      .modify(whereUsage, stretch, filter)
      .select(workflows.raw(`date_trunc('minute', created_at) AS at`))
      .select(workflows.raw(`${key === null ? `''` : KEY_SQL[key]} AS key, ${SUM_RAW}`))
      .groupByRaw('1, 2')
      .orderByRaw('1');
    for (const { at, key, ...sums } of rows) minutes.push({ at: instantFromPostgres(at), key, sums: sumsOf(sums) });
  }
  return minutes;
}

/** How many stories were first active in a minute within one of some windows, by the place of the window. */
export type FirstVisits = { window: number; at: Instant; stories: number };

/** Of adjoining windows, given by where each begins and the last one ends, in order of time. */
export async function readFirstVisits(workflows: Knex, bounds: Instant[], filter: UsageFilter): Promise<FirstVisits[]> {
  const firsts: FirstVisits[] = [];
  for (const [window, from] of bounds.slice(0, -1).entries()) {
    const seen = new Set<string>();
    const byMinute = new Map<string, number>();
    for (const stretch of stretchesOf({ from, to: bounds[window + 1] as Instant })) {
      const rows: { story: string; at: string }[] = await workflows('token_usage_tracking')
        .modify(whereUsage, stretch, filter)
        .select(workflows.raw(`story_id AS story, date_trunc('minute', min(created_at)) AS at`))
        .groupByRaw('story_id');
      for (const { story, at } of rows) {
        if (!seen.has(story)) byMinute.set(at, (byMinute.get(at) ?? 0) + 1);
        seen.add(story);
      }
    }
    for (const [at, stories] of byMinute) firsts.push({ window, at: instantFromPostgres(at), stories });
  }
  return firsts.sort((a, b) => a.window - b.window || compareInstants(a.at, b.at));
}

/** A window day by day. */
export function stretchesOf({ from, to }: Stretch): Stretch[] {
  const stretches: Stretch[] = [];
  for (let begin = from; begin < to; begin = addTime(begin, STRETCH))
    stretches.push({ from: begin, to: earliest(addTime(begin, STRETCH), to) });
  return stretches;
}
