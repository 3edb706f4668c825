import { type CalendarPeriod, periodBefore, periodOf } from '../../units/calendar-period.ts';
import { addDays, addTime, isOfNoTime, isoFromInstant, startOfDay } from '../../units/time.ts';
import { type AskedPeriod, parseBound, wholeDays } from '../period.ts';
import type { UsageQuery } from '../query.ts';
import { type Calendar, calendarOf, isHeld, nameOf } from './registry.ts';

type Spanned = Pick<UsageQuery, 'period' | 'from' | 'to' | 'window' | 'asOf'>;

type Beside = [previous: AskedPeriod | null, next: AskedPeriod | null];

/** The windows before and after, each as a link asks for it; null where there is none. */
export type Steps = { previous: AskedPeriod | null; next: AskedPeriod | null };

/**
 * What lies beside the window of a query: of the calendar the period before and after by their names, of days as many days, of
 * other windows as long a time. Nothing is before time, and nothing after that has not begun. Null where a window has no beginning.
 */
export function stepsOf(query: Spanned, timeZone: string): Steps | null {
  const { period, window, asOf } = query;
  if (window.from === null || isOfNoTime(window)) return null;
  const calendar = period === null ? null : calendarOf(period, { asOf, timeZone });
  const [previous, next] = calendar === null ? beside(query, timeZone) : named(calendar);
  const begins = (step: AskedPeriod) =>
    step.period === null
      ? step.from?.instant
      : startOfDay((calendarOf(step.period, { asOf, timeZone }) as Calendar).first, timeZone);
  return { previous, next: next !== null && (begins(next) ?? asOf) < asOf ? next : null };
}

function named(calendar: Calendar): Beside {
  const { unit, next } = calendar;
  const asked = (step: CalendarPeriod) =>
    isHeld(step) ? { period: nameOf({ ...step, unit }), from: null, to: null } : null;
  return [asked(periodBefore(calendar, unit)), asked(periodOf(next, unit))];
}

function beside(query: Spanned, timeZone: string): Beside {
  const { from, to, window } = query;
  const begin = window.from ?? window.to;
  const days = wholeDays(query, timeZone);
  const length = (to?.instant ?? window.to) - (from?.instant ?? begin);
  const away = (way: -1 | 1) => {
    const [first, last] =
      days !== null && from?.day
        ? [addDays(from.day, way * days), addDays(from.day, way * days + days - 1)]
        : [
            isoFromInstant(addTime(from?.instant ?? begin, BigInt(way) * length)),
            isoFromInstant(addTime(from?.instant ?? begin, BigInt(way + 1) * length)),
          ];
    const ends = { from: parseBound(first, 'from', timeZone), to: parseBound(last, 'to', timeZone) };
    return ends.from === null || ends.to === null || length <= 0n ? null : { period: null, ...ends };
  };
  return [away(-1), away(1)];
}
