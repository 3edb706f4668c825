import type { Day } from '../units/calendar.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  END_OF_TIME,
  earliest,
  endOfDay,
  type Instant,
  parseDay,
  parseInstant,
  startOfDay,
  WINDOW_OF_NO_TIME,
  type Window,
} from '../units/time.ts';

export const PERIODS = ['1d', '7d', '30d', '90d', 'all'] as const;
/** `none`: the records whose time is none. It is offered where there are some, and is no choice beside the others. */
export type Period = (typeof PERIODS)[number] | 'none';
export const DEFAULT_PERIOD: Period = '30d';

export const PERIOD_LABELS: Record<Period, string> = {
  '1d': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  all: 'All time',
  none: 'No time',
};

const DAYS: Record<Exclude<Period, 'all' | 'none'>, bigint> = { '1d': 1n, '7d': 7n, '30d': 30n, '90d': 90n };

/** One end of a from–to window as it stands in the address: a business day or an instant. */
export type Bound = { text: string; day: Day | null; instant: Instant };

export const BOUND_TAKES =
  'takes a day (2026-10-31) or an instant with its offset (2026-10-31T10:00:00Z), from -004713-11-24 to +294276-12-31';

/** The "+" of an offset that nobody encoded arrives as a space. */
export function withPlus(text: string): string {
  return text.replace(/ (?=\d\d:\d\d$)/, '+');
}

/** A day as `to` means all of it, so its instant is the end of that day; as `from`, the beginning. */
export function parseBound(text: string, end: 'from' | 'to', timeZone: string): Bound | null {
  const day = parseDay(text);
  if (day !== null)
    return { text: day, day, instant: end === 'from' ? startOfDay(day, timeZone) : endOfDay(day, timeZone) };
  const iso = withPlus(text);
  const instant = parseInstant(iso);
  return instant === null ? null : { text: iso, day: null, instant };
}

export type AskedPeriod = { period: Period | null; from: Bound | null; to: Bound | null };

/**
 * The half-open window that a span means at `asOf`: nothing from `asOf` on is counted, and a period ends there and began
 * exactly its days (of 24 hours) before. One that begins after `now` holds what claims to be of the future, which no `asOf` counts.
 * @throws BadInput when from is not before to
 */
export function windowOf({ period, from, to }: AskedPeriod, asOf: Instant, now: Instant): Window {
  if (period === 'none') return WINDOW_OF_NO_TIME;
  if (period !== null) {
    return period === 'all'
      ? { from: null, to: asOf }
      : { from: addTime(asOf, -DAYS[period] * DAY_OF_24_HOURS), to: asOf };
  }
  if (from && to && from.instant >= to.instant) {
    throw new BadInput([{ parameter: 'from', message: `must be before to (${to.text})` }]);
  }
  if (from && from.instant > now) return { from: from.instant, to: to?.instant ?? END_OF_TIME };
  const end = earliest(to?.instant ?? asOf, asOf);
  return { from: from === null ? null : earliest(from.instant, end), to: end };
}
