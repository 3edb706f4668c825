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

/** A calendar period: its first day, and the first day of the one after it. */
export type CalendarPeriod = { first: Day; next: Day };

const MONTHS: Record<Exclude<Per, 'week'>, number> = { month: 1, quarter: 3, year: 12 };

/** The period that a day lies in. */
export function periodOf(day: Day, per: Per): CalendarPeriod {
  if (per === 'week') {
    const number = dayNumber(day);
    const monday = number + 1 - weekdayOfNumber(number);
    return { first: dayOfNumber(monday), next: dayOfNumber(monday + 7) };
  }
  const months = MONTHS[per];
  const month = Number(day.slice(-5, -3)) - 1;
  const begin = month - (month % months);
  const firstOfMonth = (at: number) => dayOfNumber(daysTo(yearOf(day), at + 1, 1));
  return { first: firstOfMonth(begin), next: firstOfMonth(begin + months) };
}

/** The period before the one that begins on a day. */
export const periodBefore = ({ first }: Pick<CalendarPeriod, 'first'>, per: Per): CalendarPeriod =>
  periodOf(dayOfNumber(dayNumber(first) - 1), per);
