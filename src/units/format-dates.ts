import { type Day, dayNumber, yearOf } from './calendar.ts';
import { dayOf, type Instant, instantAt, midnightOf, SECOND, withinCalendar } from './time.ts';

/** Two digits are enough for these years, and no era. */
const FIRST_NEAR = instantAt(946_800_000n * SECOND); // 2 January 2000
const LAST_NEAR = instantAt(4_102_300_800n * SECOND); // 30 December 2099

/** Makers of formats for dates, in any year that PostgreSQL has: other than this century's with all digits, and "BC" where it is. */
export function dateFormats(locale: string, timeZone: string) {
  const era = new Intl.DateTimeFormat(locale, { era: 'short', timeZone: 'UTC' })
    .formatToParts(new Date('-001000-01-01'))
    .find(({ type }) => type === 'era')?.value;

  const print = (format: Intl.DateTimeFormat, milliseconds: number, year: number) =>
    format
      .formatToParts(milliseconds)
      .map(({ type, value }) =>
        type === 'year' ? (year < 1 ? `${1 - year} ${era}` : String(year).padStart(4, '0')) : value,
      )
      .join('');

  return {
    ofInstant: (options: Intl.DateTimeFormatOptions) => {
      const format = new Intl.DateTimeFormat(locale, { ...options, timeZone });
      return (instant: Instant): string => {
        const { milliseconds } = withinCalendar(instant);
        if (instant >= FIRST_NEAR && instant < LAST_NEAR) return format.format(milliseconds);
        return print(format, milliseconds, yearOf(dayOf(instant, timeZone)));
      };
    },
    ofDay: (options: Intl.DateTimeFormatOptions) => {
      const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
      return (day: Day): string => {
        const { milliseconds } = withinCalendar(midnightOf(dayNumber(day)));
        return day.startsWith('20') ? format.format(milliseconds) : print(format, milliseconds, yearOf(day));
      };
    },
  };
}
