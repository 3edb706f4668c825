import { wholeDays } from '../../query/period.ts';
import { type Calendar, calendarOf } from '../../query/periods/registry.ts';
import type { UsageQuery, ViewLinks } from '../../query/query.ts';
import { COMPARISONS, type Comparison } from '../../query/view.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { daysBetween } from '../../units/calendar.ts';
import { periodBefore, sameDayOf, yearBefore } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import { shiftInstant } from '../../units/local-time.ts';
import {
  addTime,
  BEGIN_OF_TIME,
  dayOf,
  earliest as earlier,
  type Instant,
  isOfNoTime,
  latest as later,
  startOfDay,
} from '../../units/time.ts';

/** A window with a beginning. */
export type Stretch = { from: Instant; to: Instant };

/** The statistics of the window that another is compared with. */
export type Compared = { window: Stretch; stats: UsageStats };

/** The statistics of a window, and those of the window that it is compared with, where there is one. */
export type Counted = { stats: UsageStats; compared: Compared | null };

/** What a comparison looks at. */
type Asked = Pick<UsageQuery, 'period' | 'from' | 'to' | 'window' | 'asOf'>;

/**
 * The window that a query's window is compared with, or null when there is none (nothing wanted, or no beginning). Of the
 * calendar it is the period before, or the same of the year before; windows of whole days move by days and keep the time of day
 * where clocks change; others move by their exact length. But for `whole` it is as long as what has passed of the query's
 * window: a period that is not over meets as much of the other, up to the same day and hour.
 */
export function comparedWindow(query: Asked, compare: Comparison, timeZone: string): Stretch | null {
  const { from, to } = query.window;
  if (from === null || isOfNoTime(query.window) || compare === 'none') return null;
  const calendar = query.period === null ? null : calendarOf(query.period, { asOf: query.asOf, timeZone });
  const compared =
    calendar === null
      ? moved({ ...query, window: { from, to } }, compare, timeZone)
      : named(query, calendar, compare, timeZone);
  // There is nothing before time.
  if (compared.to <= BEGIN_OF_TIME) return null;
  // Two instants of an hour that clocks repeat can change places on a day that has no such hour.
  return { from: later(earlier(compared.from, compared.to), BEGIN_OF_TIME), to: compared.to };
}

function named({ window }: Asked, calendar: Calendar, compare: Comparison, timeZone: string): Stretch {
  const { unit, next } = calendar;
  const other = compare === 'year' ? yearBefore(calendar, unit) : periodBefore(calendar, unit);
  const [from, end] = [startOfDay(other.first, timeZone), startOfDay(other.next, timeZone)];
  if (compare === 'whole' || window.to >= startOfDay(next, timeZone)) return { from, to: end };
  const today = dayOf(window.to, timeZone);
  const { day, isThere } = sameDayOf(today, calendar, other, unit);
  const to = isThere ? shiftInstant(window.to, { days: daysBetween(today, day) }, timeZone) : startOfDay(day, timeZone);
  return { from, to: earlier(to, end) };
}

function moved(query: Asked & { window: Stretch }, compare: Comparison, timeZone: string): Stretch {
  const { from, to } = query.window;
  const whole = later(query.to?.instant ?? to, to);
  const days = wholeDays(query, timeZone);
  const shift = (instant: Instant): Instant => {
    if (compare === 'year') return shiftInstant(instant, { years: -1 }, timeZone);
    // How long the window is once it is over.
    return days === null ? addTime(instant, from - whole) : shiftInstant(instant, { days: -days }, timeZone);
  };
  return { from: shift(from), to: shift(compare === 'whole' ? whole : to) };
}

/** What records there are to compare with: all of a window, some of it (they begin later), or none. */
export type Reach = 'all' | 'some' | 'none';

/** `earliest` is the first record of all; null without any. */
export function reachOf({ from, to }: Stretch, earliest: Instant | null): Reach {
  if (earliest === null || earliest >= to) return 'none';
  return earliest > from ? 'some' : 'all';
}

const LABELS: Record<Comparison, string> = {
  previous: 'the period before',
  whole: 'all of the period before',
  year: 'a year ago',
  none: 'nothing',
};
/** Where that is a part of it. */
const SO_FAR = 'the period before up to the same hour';

/** What numbers are compared with, as a choice and in words. */
export type ComparisonBar = {
  choices: { label: string; href: string; current: boolean }[];
  /** The window compared with. */
  text: string | null;
  /** Why the comparison is missing, or holds less than it seems. */
  note: string | null;
};

/**
 * Null where a window has no beginning; a year ago is offered where there are records of it, and all of the period before where
 * that is more than what this one is compared with.
 */
export function comparisonBar(
  query: UsageQuery,
  earliest: Instant | null,
  { here }: ViewLinks,
  format: Format,
): ComparisonBar | null {
  const { timeZone } = format;
  if (query.window.from === null || isOfNoTime(query.window)) return null;
  const reach = (compare: Comparison) => {
    const window = comparedWindow(query, compare, timeZone);
    return window === null ? 'none' : reachOf(window, earliest);
  };
  const [soFar, whole] = (['previous', 'whole'] as const).map(
    (one) => comparedWindow(query, one, timeZone)?.to ?? null,
  );
  const isUnderWay = soFar !== whole;
  const isOffered = { previous: true, whole: isUnderWay, year: reach('year') !== 'none', none: true };
  const offered = COMPARISONS.filter((compare) => compare === query.compare || isOffered[compare]);
  const window = comparedWindow(query, query.compare, timeZone);
  return {
    choices: offered.map((compare) => ({
      label: compare === 'previous' && isUnderWay ? SO_FAR : LABELS[compare],
      href: here({ compare }),
      current: compare === query.compare,
    })),
    text: window === null ? null : `${format.minute(window.from)} – ${format.minute(window.to)}`,
    note: window === null ? null : noteOf(reach(query.compare), earliest, format),
  };
}

function noteOf(reach: Reach, earliest: Instant | null, format: Format): string | null {
  if (reach === 'all' || earliest === null) return null;
  const begin = format.minute(earliest);
  return reach === 'none'
    ? `There is nothing to compare with: the first record is of ${begin}.`
    : `The first record is of ${begin}: the window compared with holds less than its whole length.`;
}
