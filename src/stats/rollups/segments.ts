import type { ClockHours } from '../../query/filters/entry.ts';
import { type Day, dayFromIso, dayNumber, dayOfNumber } from '../../units/calendar.ts';
import {
  addDays,
  addTime,
  BEGIN_OF_TIME,
  dayOf,
  earliest,
  HOUR,
  type Instant,
  latest,
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
/** `only`: those of its days that are wanted; `hours`: of each only what it had in these hours of the clock. */
export type DaySegment = {
  kind: 'days';
  from: Instant;
  to: Instant;
  firstDay: Day;
  endDay: Day;
  only?: Set<Day>;
  hours?: ClockHours;
};

const isWholeHour = (instant: Instant) => startOfHour(instant) === instant;
const nextWholeHour = (instant: Instant) => (isWholeHour(instant) ? instant : addTime(startOfHour(instant), HOUR));

const zones = new Map<string, Instant | null>();

/** Before the first clocks were set by a zone, and as far as rules for clocks differ from year to year. */
const FIRST_YEAR = 1800;
const LAST_YEAR = 2069;

/**
 * The first instant from which on the days of a zone are made of whole UTC hours: in Lisbon that of 1912, when local mean time
 * (UTC-00:36:45) went. Before it hours do not tell which day a row belongs to. Null where that is still so (India,
 * Newfoundland): then everything is read raw, slower, never wrong.
 */
export function wholeHoursSince(timeZone: string): Instant | null {
  const known = zones.get(timeZone);
  if (known !== undefined) return known;
  const since = lookForWholeHours(timeZone);
  zones.set(timeZone, since);
  return since;
}

function lookForWholeHours(timeZone: string): Instant | null {
  const isWhole = (day: Day) => isWholeHour(startOfDay(day, timeZone));
  let whole: Day | null = null;
  for (let year = LAST_YEAR; year >= FIRST_YEAR; year--) {
    for (const day of ['10-01', '07-01', '04-01', '01-01'].map((rest) => dayFromIso(`${year}-${rest}`))) {
      if (isWhole(day)) {
        whole = day;
        continue;
      }
      if (whole === null) return null;
      // Between the two.
      let before = dayNumber(day);
      let after = dayNumber(whole);
      while (after - before > 1) {
        const middle = (before + after) >> 1;
        if (isWhole(dayOfNumber(middle))) after = middle;
        else before = middle;
      }
      return startOfDay(dayOfNumber(after), timeZone);
    }
  }
  return BEGIN_OF_TIME;
}

/**
 * An instant with the same day and hour on the business clock as a record's: the beginning of its UTC hour, by which few are
 * told for many; itself where hours do not tell.
 */
export function clockInstant(at: Instant, timeZone: string): Instant {
  const since = wholeHoursSince(timeZone);
  return since === null || at < since ? at : startOfHour(at);
}

/** The first business day that begins at or after an instant. */
function firstDayFrom(instant: Instant, timeZone: string): Day {
  const day = dayOf(instant, timeZone);
  return startOfDay(day, timeZone) === instant ? day : addDays(day, 1);
}

type Options = {
  /** Whole days of a window that begin before this instant are read by their hours; null: all. */
  daysFrom: Instant | null;
  /** Whether the rollups know of records from before days were made of whole hours. */
  ancient: boolean;
};

/** The parts of a window, oldest first, without gap or overlap, but for stretches that the rollups know to be empty. */
export function segmentsOf(
  { from, to }: Window,
  coveredUntil: Instant | null,
  timeZone: string,
  { daysFrom, ancient }: Options,
): Segment[] {
  const since = wholeHoursSince(timeZone);
  if (coveredUntil === null || since === null || coveredUntil <= since) return [{ kind: 'raw', from, to }];
  const old: RawSegment[] =
    ancient && (from === null || from < since)
      ? [{ kind: 'raw', from: from ?? BEGIN_OF_TIME, to: earliest(to, since) }]
      : [];
  if (to <= since) return old;
  return [...old, ...recentSegments({ from: latest(from ?? since, since), to }, coveredUntil, timeZone, daysFrom)];
}

/** Of a window whose days are made of whole hours. */
function recentSegments(
  { from, to }: Window & { from: Instant },
  coveredUntil: Instant,
  timeZone: string,
  daysFrom: Instant | null,
): Segment[] {
  const until = earliest(coveredUntil, startOfHour(to));
  const firstHour = nextWholeHour(from);
  if (firstHour >= until) return [{ kind: 'raw', from, to }];

  const begin = daysFrom === null ? until : latest(firstHour, daysFrom);
  const firstDay = firstDayFrom(earliest(begin, until), timeZone);
  const endDay = dayOf(until, timeZone);
  const daysStart = startOfDay(firstDay, timeZone);
  const daysTo = startOfDay(endDay, timeZone);
  const covered: Segment[] =
    begin < until && daysStart < daysTo
      ? [
          { kind: 'hours', from: firstHour, to: daysStart },
          { kind: 'days', from: daysStart, to: daysTo, firstDay, endDay },
          { kind: 'hours', from: daysTo, to: until },
        ]
      : [{ kind: 'hours', from: firstHour, to: until }];
  const segments: Segment[] = [{ kind: 'raw', from, to: firstHour }, ...covered, { kind: 'raw', from: until, to }];
  return segments.filter((segment) => segment.from === null || segment.from < segment.to);
}
