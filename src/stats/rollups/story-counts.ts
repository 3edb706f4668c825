import type { Knex } from 'knex';
import { compareDays, postgresFromDay } from '../../units/calendar.ts';
import { exactInteger } from '../../units/integer.ts';
import { addTime, earliest, HOUR, hourNumber, type Instant, postgresFromInstant } from '../../units/time.ts';
import type { CachePart, MakePart } from '../memory/cache.ts';
import { requireContent } from './coverage.ts';
import { type Days, daysWithin, recordsOf } from './days.ts';
import type { Scope } from './keep/story-hours.ts';
import { NEVER } from './keep/write-story-counts.ts';
import { inPieces } from './pieces.ts';
import type { DaySegment, HourSegment } from './segments.ts';

/** How many different stories, by action: empty text for any. */
export type StoriesByAction = Map<string, number>;

/** Counts that have been asked for, kept in memory while the content of the rollups stays the same. */
export type StoryCounts = CachePart<StoriesByAction>;

export const noStoryCounts = (part: MakePart): StoryCounts =>
  part('counts of stories', (counts) => 100 * (1 + counts.size));

type CountsMemory = { contentVersion: string | null; days: Days; storyCounts: StoryCounts };

/** Whole hours and days whose stories are counted, and what is kept of them. */
type Covered = { hours: HourSegment[]; days: DaySegment[]; from: Instant | null };

/** The counts of one action, or of each that there is. */
type Within = { within: Scope['within']; model: string; action: string | null };

/**
 * How many stories were active in hours and days and had not been so between `from` and then (null: had never been before). One row is
 * read for each hour or day and action, however many previous hours its stories have.
 * @throws RollupsChanged when their content is no longer what is in memory
 */
export function countStories(
  backoffice: Knex,
  { contentVersion, days, storyCounts }: CountsMemory,
  covered: Covered,
  within: Within,
): Promise<StoriesByAction> {
  const { hours, from } = covered;
  const checked = async (counts: StoriesByAction) => {
    await requireContent(backoffice, contentVersion);
    return counts;
  };
  const stretches = [...hours, ...covered.days].map((segment) => `${segment.kind} ${segment.from} ${segment.to}`);
  const key = JSON.stringify([String(from), within, stretches]);
  return storyCounts.read(key, () => count(backoffice, days, covered, within).then(checked));
}

/** One statement counts days of so many records: a fifth of a second where their stories live for a year. */
const RECORDS_A_COUNT = 1_000_000;
/** And so many hours: where days are not built a window is hours alone. */
const HOURS_A_COUNT = 96n;

async function count(backoffice: Knex, days: Days, covered: Covered, within: Within): Promise<StoriesByAction> {
  const counts: StoriesByAction = new Map();
  // Before the first hour of the window, or never.
  const until = covered.from === null ? NEVER : String(hourNumber(covered.from) - 1);
  const add = async (table: 'story_hours' | 'story_days', column: 'hour' | 'day', first: string, last: string) => {
    const { rows } = await backoffice.raw<{ rows: { action: string; stories: string }[] }>(
      `SELECT action, sum(coalesce(stories_up_to[width_bucket(?::bigint, previous_hours)], 0)) AS stories
         FROM ${table}
        WHERE within = ? AND model = ? AND ${column} >= ? AND ${column} <= ?${within.action === null ? '' : ' AND action = ?'}
        GROUP BY action`,
      [until, within.within, within.model, first, last, ...(within.action === null ? [] : [within.action])],
    );
    for (const { action, stories } of rows) counts.set(action, (counts.get(action) ?? 0) + exactInteger(stories));
  };
  for (const { from, to } of covered.hours) {
    for (let begin = from; begin < to; begin = addTime(begin, HOURS_A_COUNT * HOUR))
      await add(
        'story_hours',
        'hour',
        postgresFromInstant(begin),
        postgresFromInstant(addTime(earliest(addTime(begin, HOURS_A_COUNT * HOUR), to), -1n)),
      );
  }
  for (const segment of covered.days) {
    const known = [...daysWithin(days, segment)].sort((a, b) => compareDays(a.day, b.day));
    for (const piece of inPieces(known, recordsOf, RECORDS_A_COUNT)) {
      const some = piece.map(({ day }) => postgresFromDay(day));
      await add('story_days', 'day', some[0] as string, some.at(-1) as string);
    }
  }
  return counts;
}
