import { localMinute } from '../local-time.ts';
import { type Instant, parseDay } from '../time.ts';

/** Browsers have calendars for the days of the years from 1 to 9999, and forget what is none of them: all else is text. */
export type DateField = { type: 'date' | 'datetime-local' | 'text'; value: string };

const IN_CALENDARS = /^(?!0000)\d{4}-/;

/** The field of a form for a day, or for whatever text somebody has given in place of one. */
export const dateField = (value: string): DateField => ({
  type: value === '' || (IN_CALENDARS.test(value) && parseDay(value) !== null) ? 'date' : 'text',
  value,
});

/** The same for a time of business time, to the minute. */
export function timeField(at: Instant | null, timeZone: string): DateField {
  const value = at === null ? '' : localMinute(at, timeZone);
  return { type: value === '' || IN_CALENDARS.test(value) ? 'datetime-local' : 'text', value };
}
