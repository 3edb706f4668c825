import { calendarDay, type Day, dayOfNumber, daysTo, monthOf, yearOf, yearText } from '../../units/calendar.ts';
import { type CalendarPeriod, mondayOf, type Unit, weekOf } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import { addDays } from '../../units/time.ts';

/** How a unit of the calendar is asked for: the one under way and the one before it by a word, any one by its name. */
type CalendarUnit = {
  running: { this: string; last: string };
  /** What names one, with an example. */
  takes: string;
  /** What its names look like, and the first day of the one that they name; null where there is none. */
  pattern: RegExp;
  first(parts: string[]): Day | null;
  name(first: Day): string;
  /** As people read it. */
  words(period: CalendarPeriod, format: Format): string;
};

/** Years beyond four digits have a sign, and six; its plus is lost where nobody has encoded it. */
const YEAR = '([+-]\\d{6}|\\d{4}|0\\d{5})';

const firstOf = (year: string, month: number): Day | null =>
  month >= 1 && month <= 12 ? dayOfNumber(daysTo(Number(year), month, 1)) : null;
const quarterOf = (first: Day) => Math.ceil(Number(first.slice(-5, -3)) / 3);

/** Every unit of the calendar that a period can be: the one place to add another. */
export const CALENDAR: Record<Unit, CalendarUnit> = {
  day: {
    running: { this: 'today', last: 'yesterday' },
    takes: 'a day (2026-10-31)',
    pattern: new RegExp(`^${YEAR}-(\\d\\d)-(\\d\\d)$`),
    first: ([year, month, day]) => calendarDay(`${yearText(Number(year))}-${month}-${day}`),
    name: (first) => first,
    words: ({ first }, format) => format.longDay(first),
  },
  week: {
    running: { this: 'this-week', last: 'last-week' },
    takes: 'a week (2026-W44)',
    pattern: new RegExp(`^${YEAR}-W(\\d\\d)$`),
    first: ([year, week]) => mondayOf(Number(year), Number(week)),
    name: (first) => {
      const { year, week } = weekOf(first);
      return `${yearText(year)}-W${String(week).padStart(2, '0')}`;
    },
    words: ({ first, next }, format) =>
      `Week ${weekOf(first).week}, ${format.shortDay(first)} – ${format.mediumDay(addDays(next, -1))}`,
  },
  month: {
    running: { this: 'this-month', last: 'last-month' },
    takes: 'a month (2026-10)',
    pattern: new RegExp(`^${YEAR}-(\\d\\d)$`),
    first: ([year = '', month]) => firstOf(year, Number(month)),
    name: monthOf,
    words: ({ first }, format) => format.longMonth(first),
  },
  quarter: {
    running: { this: 'this-quarter', last: 'last-quarter' },
    takes: 'a quarter (2026-Q3)',
    pattern: new RegExp(`^${YEAR}-Q(\\d)$`),
    first: ([year = '', quarter]) => firstOf(year, Number(quarter) * 3 - 2),
    name: (first) => `${yearText(yearOf(first))}-Q${quarterOf(first)}`,
    words: ({ first }, format) => `Q${quarterOf(first)} ${format.year(first)}`,
  },
  year: {
    running: { this: 'this-year', last: 'last-year' },
    takes: 'a year (2026)',
    pattern: new RegExp(`^${YEAR}$`),
    first: ([year = '']) => firstOf(year, 1),
    name: (first) => yearText(yearOf(first)),
    words: ({ first }, format) => format.year(first),
  },
};
