import { providerOf } from '../../catalog/models.ts';
import type { Axis } from '../../query/view.ts';
import { type Day, firstDayOf, monthOf, weekdayOf } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { NO_TIME } from '../../units/time.ts';
import type { UsageKind } from '../sums.ts';

/**
 * Where a record stands on every axis. `day` is a day of its business week, month or weekday where nobody asks for more, empty
 * where nobody asks for any, and NO_TIME of a record without a time; `hour` is of the business clock.
 */
export type Place = UsageKind & { day: string; hour: number | null };

/** How finely places have to be told apart for two axes. */
export type Grain = { kinds: boolean; time: 'whole' | 'weekday' | 'month' | 'day'; hours: boolean };

const KINDS: readonly Axis[] = ['action', 'model', 'provider'];
const TIMES: readonly Axis[] = ['weekday', 'day', 'week', 'month'];

export function grainOf(axes: readonly Axis[]): Grain {
  const times = axes.filter((axis) => TIMES.includes(axis));
  const [only] = times;
  const time = times.length === 1 && (only === 'weekday' || only === 'month') ? only : 'day';
  return {
    kinds: axes.some((axis) => KINDS.includes(axis)),
    time: times.length === 0 ? 'whole' : time,
    hours: axes.includes('hour'),
  };
}

/** The key of a place on an axis: a week's is its Monday, a weekday's 1 for Monday to 7, an hour's 0 to 23. */
export function keysOn(axis: Axis): (place: Place) => string {
  if (axis === 'action') return ({ action }) => action;
  if (axis === 'model') return ({ model }) => model;
  if (axis === 'provider') return ({ model }) => providerOf(model);
  if (axis === 'hour') return ({ hour }) => (hour === null ? NO_TIME : String(hour));
  const keyOf = OF_DAY[axis];
  const known = new Map<string, string>();
  return ({ day }) => {
    let key = known.get(day);
    if (key === undefined) {
      key = day === NO_TIME ? NO_TIME : keyOf(day as Day);
      known.set(day, key);
    }
    return key;
  };
}

const OF_DAY: Record<'weekday' | 'day' | 'week' | 'month', (day: Day) => string> = {
  weekday: (day) => String(weekdayOf(day)),
  day: (day) => day,
  week: (day) => periodOf(day, 'week').first,
  month: monthOf,
};

/** The days of a key of an axis of days: the first, and the one after the last. */
export function daysOf(axis: 'day' | 'week' | 'month', key: string): { first: Day; next: Day } {
  return periodOf(axis === 'month' ? firstDayOf(key as ReturnType<typeof monthOf>) : (key as Day), axis);
}
