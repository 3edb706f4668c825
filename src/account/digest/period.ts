import { type CalendarPeriod, periodBefore, periodOf } from '../../units/calendar-period.ts';
import { clockOf } from '../../units/local-time.ts';
import { addDays, dayOf, type Instant, startOfDay, type Window } from '../../units/time.ts';

/** How often somebody is told. */
export const DIGESTS = ['daily', 'weekly'] as const;
export type Digest = (typeof DIGESTS)[number];

/** The hour of the business clock from which on it is told. */
export const TOLD_FROM_HOUR = 8;

/** The newest period that is to be told at an instant: yesterday, or the last whole week; of today or this Monday only from eight on. */
export function periodToTell(digest: Digest, at: Instant, timeZone: string): CalendarPeriod {
  const today = dayOf(at, timeZone);
  const day = clockOf(at, timeZone).hour < TOLD_FROM_HOUR ? addDays(today, -1) : today;
  return digest === 'daily' ? { first: addDays(day, -1), next: day } : periodBefore(periodOf(day, 'week'), 'week');
}

/** The period before, which it is compared with. */
export const comparedWith = (digest: Digest, { first }: CalendarPeriod): CalendarPeriod => ({
  first: addDays(first, digest === 'daily' ? -1 : -7),
  next: first,
});

/** From the first day's beginning to the last one's end. */
export const windowOfDays = ({ first, next }: CalendarPeriod, timeZone: string): Window & { from: Instant } => ({
  from: startOfDay(first, timeZone),
  to: startOfDay(next, timeZone),
});
