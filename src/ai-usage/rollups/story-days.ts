import type { Knex } from 'knex';
import { postgresFromDay } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { handled } from '../../units/handled.ts';
import type { Day } from '../../units/time.ts';
import { isWithin, readDayVersions } from './days.ts';
import type { DaySegment } from './segments.ts';
import { noKnownPairs, type PairRow, type PairSums, type Pairs, pairSums } from './story-pairs.ts';

/**
 * What each story cost in each complete day, kept in memory: added up there, the stories of a
 * window are told in a few milliseconds, where the same rows take PostgreSQL half a second. Loaded when first asked for.
 */
export type StoryDays = {
  pairs: Pairs;
  byDay: Map<Day, { version: string; sums: PairSums }>;
  current: { contentVersion: string; loaded: Promise<void> } | null;
};

export const noStoryDays = (): StoryDays => ({ pairs: noKnownPairs(), byDay: new Map(), current: null });

/** Days loaded by one query: some ten thousand rows at ten million records. */
const DAYS_A_LOAD = 20;

const COLUMNS = {
  story: 'story_id',
  author: 'author_id',
  requests: 'requests',
  input: 'input_tokens',
  output: 'output_tokens',
  cost: 'cost',
};

async function load(backoffice: Knex, { pairs, byDay }: StoryDays): Promise<void> {
  const current = await readDayVersions(backoffice);
  const changed = current.filter(({ day, version }) => byDay.get(day)?.version !== version);
  const loaded = new Map<Day, { version: string; sums: PairSums }>();
  for (let first = 0; first < changed.length; first += DAYS_A_LOAD) {
    const some = changed.slice(first, first + DAYS_A_LOAD);
    const rows = await backoffice('usage_days_by_story')
      .whereRaw('day = ANY(?::date[])', [some.map(({ day }) => postgresFromDay(day))])
      .select<(PairRow & { day: string })[]>({ day: 'day', ...COLUMNS });
    const ofDays = groupedBy(rows, ({ day }) => day);
    for (const { day, version } of some)
      loaded.set(day, { version, sums: pairSums(pairs, ofDays.get(postgresFromDay(day)) ?? []) });
  }
  // At once, so that no reader sees half of a change.
  const still = new Set(current.map(({ day }) => day));
  for (const day of byDay.keys()) if (!still.has(day)) byDay.delete(day);
  for (const [day, one] of loaded) byDay.set(day, one);
}

/** The sums of the days of a segment, in no order, of the rollups' content at `contentVersion` or a later one. */
export async function storyDaysWithin(
  backoffice: Knex,
  days: StoryDays,
  contentVersion: string,
  segment: DaySegment,
): Promise<PairSums[]> {
  if (days.current?.contentVersion !== contentVersion) {
    const before = days.current?.loaded ?? Promise.resolve();
    const current = { contentVersion, loaded: handled(before.catch(() => {}).then(() => load(backoffice, days))) };
    current.loaded.catch(() => {
      if (days.current === current) days.current = null;
    });
    days.current = current;
  }
  await days.current.loaded;
  const within: PairSums[] = [];
  for (const [day, { sums }] of days.byDay) if (isWithin(day, segment)) within.push(sums);
  return within;
}
