import { type Day, daysBetween } from '../units/calendar.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import { parseLocalTime } from '../units/local-time.ts';
import {
  addDays,
  addTime,
  dayOf,
  END_OF_TIME,
  earliest,
  endOfDay,
  type Instant,
  isOfNoTime,
  latest,
  parseDay,
  parseInstant,
  startOfDay,
  type Window,
} from '../units/time.ts';
import { type Period, wholeOf } from './periods/registry.ts';

/** One end of a from–to window as it stands in the address: a business day, a time of one, or an instant. */
export type Bound = { text: string; day: Day | null; instant: Instant };

export const BOUND_TAKES =
  'takes a day (2026-10-31), a time of business time (2026-10-31T10:00) or an instant with its offset (2026-10-31T10:00:00Z), ' +
  'from -004713-11-24 to +294276-12-31';

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
  const instant = parseInstant(iso) ?? parseLocalTime(iso, timeZone);
  return instant === null ? null : { text: iso, day: null, instant };
}

export type AskedPeriod = { period: Period | null; from: Bound | null; to: Bound | null };
/** `asOf` is what periods are seen from, and `now` no earlier. */
export type SeenFrom = { asOf: Instant; now: Instant; timeZone: string };

/**
 * The half-open window that a period or from–to means at `asOf`: nothing from `asOf` on is counted, so that what is not over
 * ends there. One that begins after `now` holds what claims to be of the future, which no `asOf` counts.
 * @throws BadInput when from is not before to
 */
export function windowOf({ period, from, to }: AskedPeriod, { asOf, now, timeZone }: SeenFrom): Window {
  if (from && to && from.instant >= to.instant) {
    throw new BadInput([{ parameter: 'from', message: `must be before to (${to.text})` }]);
  }
  const whole =
    period === null
      ? { from: from?.instant ?? null, to: to?.instant ?? END_OF_TIME }
      : wholeOf(period, { asOf, timeZone });
  if (isOfNoTime(whole) || (whole.from !== null && whole.from > now)) return whole;
  const end = earliest(whole.to, asOf);
  return { from: whole.from === null ? null : earliest(whole.from, end), to: end };
}

/** How many days a window has that is given by days, the one under way included; null for other windows. */
export function wholeDays({ from, to, window }: AskedEnds, timeZone: string): number | null {
  if (!from?.day || (to && !to.day)) return null;
  const lastDay = to?.day ?? dayOf(latest(from.instant, addTime(window.to, -1n)), timeZone);
  return daysBetween(from.day, addDays(lastDay, 1));
}
type AskedEnds = Pick<AskedPeriod, 'from' | 'to'> & { window: Window };
