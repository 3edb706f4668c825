import {
  addDays,
  type Day,
  dayOf,
  earliest,
  HOUR,
  type Instant,
  startOfDay,
  startOfHour,
  type Window,
} from '../../units/time.ts';

/**
 * A part of a window and what it is read from: whole business days, whole UTC hours, or raw rows for what is not a whole
 * hour or not covered yet. Half-open; only a first part may have no beginning (null).
 */
export type Segment = RawSegment | HourSegment | DaySegment;
export type RawSegment = { kind: 'raw'; from: Instant | null; to: Instant };
export type HourSegment = { kind: 'hours'; from: Instant; to: Instant };
export type DaySegment = { kind: 'days'; from: Instant | null; to: Instant; firstDay: Day | null; endDay: Day };

const isWholeHour = (instant: Instant) => startOfHour(instant) === instant;
const nextWholeHour = (instant: Instant) => (isWholeHour(instant) ? instant : startOfHour(instant) + HOUR);

const zones = new Map<string, boolean>();

/**
 * Whether the days of a zone have always been made of whole UTC hours. Where they are not (India, Newfoundland), hours do
 * not tell which day a row belongs to, and everything is read raw: slower, never wrong.
 */
export function daysAreWholeHours(timeZone: string): boolean {
  let whole = zones.get(timeZone);
  if (whole === undefined) {
    const days: Day[] = [];
    for (let year = 1970; year < 2070; year++) days.push(`${year}-01-01`, `${year}-07-01`);
    whole = days.every((day) => isWholeHour(startOfDay(day, timeZone)));
    zones.set(timeZone, whole);
  }
  return whole;
}

/** The first business day that begins at or after an instant. */
function firstDayFrom(instant: Instant, timeZone: string): Day {
  const day = dayOf(instant, timeZone);
  return startOfDay(day, timeZone) === instant ? day : addDays(day, 1);
}

/** The parts of a window, oldest first, without gap or overlap; without `days` its whole days are read by their hours. */
export function segmentsOf(
  { from, to }: Window,
  coveredUntil: Instant | null,
  timeZone: string,
  { days }: { days: boolean },
): Segment[] {
  const until = coveredUntil === null ? null : earliest(coveredUntil, startOfHour(to));
  const firstHour = from === null ? null : nextWholeHour(from);
  if (until === null || (firstHour !== null && firstHour >= until)) return [{ kind: 'raw', from, to }];

  const firstDay = firstHour === null ? null : firstDayFrom(firstHour, timeZone);
  const endDay = dayOf(until, timeZone);
  const daysFrom = firstDay === null ? null : startOfDay(firstDay, timeZone);
  const daysTo = startOfDay(endDay, timeZone);
  const hours = (begin: Instant | null, end: Instant): Segment[] =>
    begin === null ? [] : [{ kind: 'hours', from: begin, to: end }];
  const hasDays = firstHour === null || (days && daysFrom !== null && daysFrom < daysTo);
  const covered: Segment[] = hasDays
    ? [
        ...hours(firstHour, daysFrom ?? daysTo),
        { kind: 'days', from: daysFrom, to: daysTo, firstDay, endDay },
        ...hours(daysTo, until),
      ]
    : hours(firstHour, until);
  const segments: Segment[] = [
    ...(from === null || firstHour === null ? [] : [{ kind: 'raw', from, to: firstHour } as const]),
    ...covered,
    { kind: 'raw', from: until, to },
  ];
  return segments.filter((segment) => segment.from === null || segment.from < segment.to);
}
