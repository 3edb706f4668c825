import type { Knex } from 'knex';
import { type UsageFilter, whereUsage } from '../../query/filter.ts';
import { exactInteger } from '../../units/integer.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  earliest,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
} from '../../units/time.ts';
import { SUM_RAW, type SumRow, type Sums, sumsOf } from '../sums.ts';

/** What is told apart besides time. */
export type MinuteKey = 'model' | 'action';

/** The sums of a bucket of time, which begins at `at`; `key` is empty where nothing is told apart. */
export type TimedSums = { at: Instant; key: string; sums: Sums };

const KEY_SQL: Record<MinuteKey, string> = { model: 'ai_model', action: 'action::text' };

/** Three months of ten million calls take longer than a statement may; a week of them is read in half a second. */
const STRETCH = 7n * DAY_OF_24_HOURS;

/**
 * The sums of each minute of a window that holds calls, in order of time: from the table itself, whatever rollups there are. The
 * window begins with a minute.
 */
export async function readMinutes(
  workflows: Knex,
  window: { from: Instant; to: Instant },
  filter: UsageFilter,
  key: MinuteKey | null,
): Promise<TimedSums[]> {
  const minutes: TimedSums[] = [];
  for (let from = window.from; from < window.to; from = addTime(from, STRETCH)) {
    const stretch = { from, to: earliest(addTime(from, STRETCH), window.to) };
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
  for (let begin = 0; begin < bounds.length - 1; ) {
    const from = bounds[begin] as Instant;
    const behind = bounds.findIndex((bound, i) => i > begin && bound - from >= STRETCH);
    const end = behind === -1 ? bounds.length - 1 : behind;
    const read = await readFirstVisitsAtOnce(workflows, bounds.slice(begin, end + 1), filter);
    for (const one of read) firsts.push({ ...one, window: one.window + begin });
    begin = end;
  }
  return firsts;
}

async function readFirstVisitsAtOnce(workflows: Knex, bounds: Instant[], filter: UsageFilter): Promise<FirstVisits[]> {
  const [from, to] = [bounds[0] as Instant, bounds.at(-1) as Instant];
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
