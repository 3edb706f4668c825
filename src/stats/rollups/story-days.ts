import type { Knex } from 'knex';
import { compareDays, type Day, postgresFromDay } from '../../units/calendar.ts';
import { handled } from '../../units/promises/handled.ts';

import { type Days, daysWithin, recordsOf } from './days.ts';
import { inPieces, RECORDS_A_READ } from './pieces.ts';
import type { DaySegment } from './segments.ts';
import { addArrays, noKnownPairs, noPairs, type PairArrays, type PairSums, type Pairs, packed } from './story-pairs.ts';

/**
 * What each story cost in each complete day that has been asked for, kept in memory: added up there, the stories of a
 * window are told in a few milliseconds, where the same rows take PostgreSQL half a second.
 */
export type StoryDays = {
  pairs: Pairs;
  byDay: Map<Day, { version: string; sums: PairSums }>;
  /** The last loading: one after another, so that whoever asks for the same days finds them. */
  loading: Promise<unknown>;
};

export const noStoryDays = (): StoryDays => ({ pairs: noKnownPairs(), byDay: new Map(), loading: Promise.resolve() });

const ARRAYS = `array_agg(story_id)::text AS stories, array_agg(author_id)::text AS authors, array_agg(requests)::text AS requests,
  array_agg(input_tokens)::text AS input, array_agg(output_tokens)::text AS output, array_agg(cost)::text AS cost`;

async function load(
  backoffice: Knex,
  { pairs, byDay }: StoryDays,
  days: Days,
  segment: DaySegment,
): Promise<PairSums[]> {
  const wanted = [...daysWithin(days, segment)].sort((a, b) => compareDays(a.day, b.day));
  const isKept = ({ day, version }: { day: Day; version: string }) => byDay.get(day)?.version === version;
  const kept = wanted.filter(isKept).map(({ day }) => byDay.get(day)?.sums as PairSums);
  const missing = wanted.filter((one) => !isKept(one));
  for (const some of inPieces(missing, recordsOf, RECORDS_A_READ)) {
    const rows = await backoffice('usage_days_by_story')
      .whereRaw('day = ANY(?::date[])', [some.map(({ day }) => postgresFromDay(day))])
      .groupBy('day')
      .select<(PairArrays & { day: string })[]>('day', backoffice.raw(ARRAYS));
    const ofDays = new Map(rows.map(({ day, ...arrays }) => [day, arrays]));
    for (const { day, version } of some) {
      const lists = noPairs();
      const arrays = ofDays.get(postgresFromDay(day));
      if (arrays) addArrays(lists, pairs, arrays);
      const sums = packed(lists);
      byDay.set(day, { version, sums });
      kept.push(sums);
    }
  }
  for (const day of byDay.keys()) if (!days.byDay.has(day)) byDay.delete(day);
  return kept;
}

/** The sums of the days of a segment, in no order. Loads those that are not in memory, or have changed. */
export function storyDaysWithin(
  backoffice: Knex,
  { days, storyDays }: { days: Days; storyDays: StoryDays },
  segment: DaySegment,
): Promise<PairSums[]> {
  const before = storyDays.loading.catch(() => {});
  const loading = handled(before.then(() => load(backoffice, storyDays, days, segment)));
  storyDays.loading = loading;
  return loading;
}
