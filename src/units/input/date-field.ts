import { parseDay } from '../time.ts';

/** Browsers have calendars for the days of the years from 1 to 9999, and forget what is none of them: all else is text. */
export type DateField = { type: 'date' | 'text'; value: string };

/** The field of a form for a day, or for whatever text somebody has given in place of one. */
export const dateField = (value: string): DateField => ({
  type: value === '' || (/^(?!0000)\d{4}-/.test(value) && parseDay(value) !== null) ? 'date' : 'text',
  value,
});
