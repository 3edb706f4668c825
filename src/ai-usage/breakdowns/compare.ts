import type { UsageQuery, ViewLinks } from '../../query/query.ts';
import { COMPARISONS, type Comparison } from '../../query/view.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { daysBetween } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import {
  addDays,
  addTime,
  BEGIN_OF_TIME,
  dayOf,
  earliest as earlier,
  type Instant,
  isOfNoTime,
  latest as later,
  shiftInstant,
} from '../../units/time.ts';

/** A window with a beginning. */
export type Stretch = { from: Instant; to: Instant };

/** The statistics of the window that another is compared with. */
export type Compared = { window: Stretch; stats: UsageStats };

/** The statistics of a window, and those of the window that it is compared with, where there is one. */
export type Counted = { stats: UsageStats; compared: Compared | null };

/**
 * The window that a query's window is compared with, or null when there is none (nothing wanted, or no beginning). It is as
 * long as what has passed of the query's window: a period that is not over meets as much of the one before. Windows of
 * whole days move by days and keep the time of day where clocks change; others move by their exact length.
 */
export function comparedWindow(
  query: Pick<UsageQuery, 'from' | 'to' | 'window'>,
  compare: Comparison,
  timeZone: string,
): Stretch | null {
  const { from, to } = query.window;
  if (from === null || isOfNoTime(query.window) || compare === 'none') return null;
  const shift = (instant: Instant): Instant => {
    if (compare === 'year') return shiftInstant(instant, { years: -1 }, timeZone);
    const days = wholeDays(query, timeZone);
    return days === null ? addTime(instant, -lengthOf(query, from)) : shiftInstant(instant, { days: -days }, timeZone);
  };
  const end = shift(to);
  // There is nothing before time.
  if (end <= BEGIN_OF_TIME) return null;
  // Two instants of an hour that clocks repeat can change places on a day that has no such hour.
  return { from: later(earlier(shift(from), end), BEGIN_OF_TIME), to: end };
}

/** How long the window is once it is over. */
function lengthOf({ to, window }: Pick<UsageQuery, 'to' | 'window'>, from: Instant): bigint {
  return later(to?.instant ?? window.to, window.to) - from;
}

/** How many days a window has that is given by days, the one under way included; null for other windows. */
function wholeDays({ from, to, window }: Pick<UsageQuery, 'from' | 'to' | 'window'>, timeZone: string): number | null {
  if (!from?.day || (to && !to.day)) return null;
  const lastDay = to?.day ?? dayOf(later(from.instant, addTime(window.to, -1n)), timeZone);
  return daysBetween(from.day, addDays(lastDay, 1));
}

/** What records there are to compare with: all of a window, some of it (they begin later), or none. */
export type Reach = 'all' | 'some' | 'none';

/** `earliest` is the first record of all; null without any. */
export function reachOf({ from, to }: Stretch, earliest: Instant | null): Reach {
  if (earliest === null || earliest >= to) return 'none';
  return earliest > from ? 'some' : 'all';
}

const LABELS: Record<Comparison, string> = { previous: 'the period before', year: 'a year ago', none: 'nothing' };

/** What numbers are compared with, as a choice and in words. */
export type ComparisonBar = {
  choices: { label: string; href: string; current: boolean }[];
  /** The window compared with. */
  text: string | null;
  /** Why the comparison is missing, or holds less than it seems. */
  note: string | null;
};

/** Null where a window has no beginning; a year ago is offered where there are records of it. */
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
  const offered = COMPARISONS.filter(
    (compare) => compare !== 'year' || query.compare === 'year' || reach('year') !== 'none',
  );
  const window = comparedWindow(query, query.compare, timeZone);
  return {
    choices: offered.map((compare) => ({
      label: LABELS[compare],
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
