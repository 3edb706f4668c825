import { clockHoursOf, dayTestOf, splitFilter, type UsageFilter } from '../query/filter.ts';
import type { Day } from '../units/calendar.ts';
import { handled } from '../units/promises/handled.ts';
import { type Instant, isOfNoTime, startOfDay, type Window } from '../units/time.ts';
import { type EndRow, LONGEST_END, MOST_ANCIENT, readAncient, readEnd } from './ends.ts';
import { type Days, daysWithin } from './rollups/days.ts';
import { type DaySegment, type HourSegment, type RawSegment, segmentsOf, wholeHoursSince } from './rollups/segments.ts';
import type { UsageSource } from './source.ts';

/**
 * Where the records of a window are counted: whole hours and days in the rollups, what is left at both ends of the window and
 * everything newer in the table itself. Every record is in exactly one part, so that their sums are those of the window.
 */
export type WindowParts = {
  /** What PostgreSQL adds up from the table each time: filters that rollups cannot tell, and hours that they do not cover yet. */
  sql: { window: Window; filter: UsageFilter }[];
  kept: Kept | null;
};

/** The part that rollups answer: `days` and `hours` from what is kept, `ends` from the few rows of the table around them. */
export type Kept = { filter: UsageFilter; ends: EndSegment[]; hours: HourSegment[]; days: DaySegment[] };

/** A stretch of the table that holds so few rows that they are read one by one. */
type EndSegment = RawSegment & { from: Instant };

const isShort = ({ from, to }: EndSegment) => to - from <= LONGEST_END;

/** As many as a few pages ask for at once. */
const MOST_ENDS = 100;

/** Divides a window: `days` says whether whole days will do, which know no hours. */
export function windowPartsOf(
  { coveredUntil, daysFrom, timeZone, memory }: UsageSource,
  window: Window,
  filter: UsageFilter,
  { days }: { days: boolean },
): WindowParts {
  if (isOfNoTime(window)) return { sql: [{ window, filter }], kept: null };
  const { rollup, raw } = splitFilter(filter);
  const sql: WindowParts['sql'] = raw.map((filter) => ({ window, filter }));
  if (!rollup) return { sql, kept: null };
  const kept: Kept = { filter: rollup, ends: [], hours: [], days: [] };
  const isWantedDay = dayTestOf(rollup);
  const hours = clockHoursOf(rollup);
  const { ancient } = memory.days;
  const since = wholeHoursSince(timeZone);
  const isEnd = (segment: RawSegment): segment is EndSegment =>
    coveredUntil !== null &&
    segment.from !== null &&
    (isShort({ ...segment, from: segment.from }) || (since !== null && segment.to <= since && ancient <= MOST_ANCIENT));
  for (const segment of segmentsOf(window, coveredUntil, timeZone, {
    daysFrom: days ? daysFrom : null,
    ancient: ancient > 0,
  })) {
    if (segment.kind === 'days') {
      const only = isWantedDay && daysThat((day) => isWantedDay(startOfDay(day, timeZone)), segment, memory.days);
      kept.days.push({ ...segment, ...(only && { only }), ...(hours && { hours }) });
    } else if (segment.kind === 'hours') kept.hours.push(segment);
    else if (isEnd(segment)) kept.ends.push(segment);
    else sql.push({ window: segment, filter: rollup });
  }
  return { sql, kept };
}

const daysThat = (isWanted: (day: Day) => boolean, segment: DaySegment, days: Days): Set<Day> =>
  new Set([...daysWithin(days, segment)].map(({ day }) => day).filter(isWanted));

/** The rows of the table at both ends of a window; of several readings of one state each end is read once (`endsRead`). */
export async function readEnds(source: UsageSource, { kept }: WindowParts): Promise<EndRow[]> {
  const { workflows, memory, version, coveredUntil, endsRead } = source;
  if (coveredUntil === null || kept === null) return [];
  const rows = await Promise.all(
    kept.ends.map((end) => {
      const key = `${end.from} ${end.to}`;
      const from = { workflows, ends: memory.ends, version };
      const read = () => (isShort(end) ? readEnd(from, end, coveredUntil) : readAncient(from, end));
      const reading = handled(endsRead?.get(key) ?? read());
      if (!endsRead || endsRead.has(key)) return reading;
      reading.catch(() => endsRead.delete(key));
      endsRead.set(key, reading);
      const [oldest] = endsRead.keys();
      if (endsRead.size > MOST_ENDS && oldest !== undefined) endsRead.delete(oldest);
      return reading;
    }),
  );
  return ([] as EndRow[]).concat(...rows);
}
