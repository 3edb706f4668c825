import { type Per, periodOf } from '../../units/calendar-period.ts';
import {
  addTime,
  dayOf,
  endOfDay,
  floorDivided,
  HOUR,
  type Instant,
  instantAt,
  MINUTE,
  offsetAt,
  startOfDay,
} from '../../units/time.ts';

/** The windows that a rule may look at: hours of the business clock, business days, weeks from Monday, months. */
export const WINDOW_SIZES = ['hour', 'day', 'week', 'month'] as const;
export type WindowSize = (typeof WINDOW_SIZES)[number];

/** Half-open, with both ends. */
export type Span = { from: Instant; to: Instant };

/** The whole minute that an instant lies in, by its first instant: rules are evaluated as of whole minutes. */
export const startOfMinute = (instant: Instant): Instant => instantAt(floorDivided(instant, MINUTE) * MINUTE);

/**
 * The window of a size, or the calendar period, that runs as of an instant: the one that holds the moment before it, so that at
 * midnight it is the day that is just over, complete.
 */
export function runningWindow(size: WindowSize | Per, at: Instant, timeZone: string): Span {
  const before = addTime(at, -1n);
  if (size === 'hour') {
    const offset = offsetAt(before, timeZone);
    const from = instantAt(floorDivided(before + offset, HOUR) * HOUR - offset);
    return { from, to: addTime(from, HOUR) };
  }
  const day = dayOf(before, timeZone);
  if (size === 'day') return { from: startOfDay(day, timeZone), to: endOfDay(day, timeZone) };
  const { first, next } = periodOf(day, size);
  return { from: startOfDay(first, timeZone), to: startOfDay(next, timeZone) };
}

/** The same function for instants that follow each other, most of which lie in the window of the one before. */
export function followingWindows(timeZone: string): typeof runningWindow {
  const last = new Map<string, Span>();
  return (size, at) => {
    const kept = last.get(size);
    if (kept && at > kept.from && at <= kept.to) return kept;
    const window = runningWindow(size, at, timeZone);
    last.set(size, window);
    return window;
  };
}
