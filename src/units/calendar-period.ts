import { type Day, dayNumber, dayOfNumber, daysTo, weekdayOfNumber, yearOf } from './calendar.ts';

/** What a budget is for: calendar periods of the business time zone; weeks begin on Monday. */
export const PERS = ['week', 'month', 'quarter', 'year'] as const;
export type Per = (typeof PERS)[number];

/** As it stands behind an amount: "€50.00 a month". */
export const PER_WORDS: Record<Per, string> = {
  week: 'a week',
  month: 'a month',
  quarter: 'a quarter',
  year: 'a year',
};

/** What the calendar is divided into. */
export const UNITS = ['day', ...PERS] as const;
export type Unit = (typeof UNITS)[number];

/** A calendar period: its first day, and the first day of the one after it. */
export type CalendarPeriod = { first: Day; next: Day };

const MONTHS: Record<Exclude<Unit, 'day' | 'week'>, number> = { month: 1, quarter: 3, year: 12 };

const monthNumber = (day: Day) => Number(day.slice(-5, -3));
const dayAt = (year: number, month: number, day: number): Day => dayOfNumber(daysTo(year, month, day));

/** The period that a day lies in. */
export function periodOf(day: Day, unit: Unit): CalendarPeriod {
  const number = dayNumber(day);
  if (unit === 'day') return { first: day, next: dayOfNumber(number + 1) };
  if (unit === 'week') {
    const monday = number + 1 - weekdayOfNumber(number);
    return { first: dayOfNumber(monday), next: dayOfNumber(monday + 7) };
  }
  const months = MONTHS[unit];
  const month = monthNumber(day) - 1;
  const begin = month - (month % months);
  return { first: dayAt(yearOf(day), begin + 1, 1), next: dayAt(yearOf(day), begin + months + 1, 1) };
}

/** The period before the one that begins on a day. */
export const periodBefore = ({ first }: Pick<CalendarPeriod, 'first'>, unit: Unit): CalendarPeriod =>
  periodOf(dayOfNumber(dayNumber(first) - 1), unit);

/** The week of ISO 8601 that a day lies in: the one with a Thursday of a year belongs to that year. */
export function weekOf(day: Day): { year: number; week: number } {
  const thursday = dayOfNumber(dayNumber(periodOf(day, 'week').first) + 3);
  const year = yearOf(thursday);
  return { year, week: Math.floor((dayNumber(thursday) - daysTo(year, 1, 1)) / 7) + 1 };
}

/** The Monday of a week of ISO 8601; null where the year has no such week. */
export function mondayOf(year: number, week: number): Day | null {
  const first = dayNumber(periodOf(dayAt(year, 1, 4), 'week').first);
  const monday = dayOfNumber(first + (week - 1) * 7);
  return week >= 1 && weekOf(monday).year === year ? monday : null;
}

/** The same period of the year before; of a 53rd week the last, of 29 February the 28th. */
export function yearBefore({ first }: Pick<CalendarPeriod, 'first'>, unit: Unit): CalendarPeriod {
  if (unit === 'week') {
    const { year, week } = weekOf(first);
    return periodOf((mondayOf(year - 1, week) ?? mondayOf(year - 1, 52)) as Day, 'week');
  }
  return periodOf(monthsAway(first, -12) ?? dayAt(yearOf(first) - 1, 2, 28), unit);
}

/** The same day of a month so many months away; null where that month has no such day. */
function monthsAway(day: Day, months: number): Day | null {
  const moved = dayAt(yearOf(day), monthNumber(day) + months, Number(day.slice(-2)));
  return moved.slice(-2) === day.slice(-2) ? moved : null;
}

/**
 * The day that lies as far into one period as another does into its own: of weeks the same weekday, of months and longer ones the
 * same day of the same month in it. Where that month ends before, it `isThere` not, and the day is the first one after it.
 */
export function sameDayOf(
  day: Day,
  of: CalendarPeriod,
  other: CalendarPeriod,
  unit: Unit,
): { day: Day; isThere: boolean } {
  if (unit === 'day' || unit === 'week')
    return { day: dayOfNumber(dayNumber(day) + dayNumber(other.first) - dayNumber(of.first)), isThere: true };
  const months = (yearOf(other.first) - yearOf(of.first)) * 12 + monthNumber(other.first) - monthNumber(of.first);
  const same = monthsAway(day, months);
  return same === null
    ? { day: dayAt(yearOf(day), monthNumber(day) + months + 1, 1), isThere: false }
    : { day: same, isThere: true };
}
