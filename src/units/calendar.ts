import type { Branded, Plain } from './brand.ts';
import { remembered } from './remembered.ts';

/** A calendar day of the business time zone in ISO 8601: "2026-10-31"; years beyond four digits as "+012026", before 1 as "-004712" (4713 BC). */
export type Day = Branded<string, 'day'>;

/** A month of the same calendar: "2026-10". */
export type Month = Branded<string, 'month'>;

/** The calendar repeats every 400 years, weekdays included. */
export const DAYS_IN_CYCLE = 146_097;
export const YEARS_IN_CYCLE = 400;
export const yearText = (year: number) =>
  year >= 0 && year <= 9999
    ? String(year).padStart(4, '0')
    : `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;

/** How many days after 1 January 1970 a date is; months and days beyond their range count on. */
export function daysTo(year: number, month: number, day: number): number {
  const cycles = Math.floor((year - 1970) / YEARS_IN_CYCLE);
  return Date.UTC(year - cycles * YEARS_IN_CYCLE, month - 1, day) / 86_400_000 + cycles * DAYS_IN_CYCLE;
}

/** Some thirty years; a page asks for each of its days a hundred times. */
const MOST_DAYS = 10_000;

/** The day so many days after 1 January 1970. */
export const dayOfNumber = remembered((number: number): Day => {
  const cycles = Math.floor(number / DAYS_IN_CYCLE);
  const iso = new Date((number - cycles * DAYS_IN_CYCLE) * 86_400_000).toISOString();
  return (yearText(Number(iso.slice(0, 4)) + cycles * YEARS_IN_CYCLE) + iso.slice(4, 10)) as Day;
}, MOST_DAYS);

const partsOf = (day: Day): [year: number, month: number, day: number] => [
  Number(day.slice(0, -6)),
  Number(day.slice(-5, -3)),
  Number(day.slice(-2)),
];

/** Of a day, or of a month. */
export const yearOf = (day: string): number => Number.parseInt(day, 10);

/** How many days after 1 January 1970 a day is. */
export const dayNumber = remembered((day: Day): number => daysTo(...partsOf(day)), MOST_DAYS);

/** Whole days from one day to another, negative when the other comes first. */
export const daysBetween = (from: Day, to: Day): number => dayNumber(to) - dayNumber(from);

export const isPlain = (text: string) => text.charCodeAt(0) >= 48;

/** Orders days, or months, by time: as text, years of other than four digits would come first. */
export function compareDays(a: string, b: string): number {
  if (isPlain(a) && isPlain(b)) return a < b ? -1 : a > b ? 1 : 0;
  const years = yearOf(a) - yearOf(b);
  if (years !== 0) return years;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The month of a day, "2026-10". */
export const monthOf = (day: Day): Month => day.slice(0, -3) as Month;
/** The first day of a month. */
export const firstDayOf = (month: Month): Day => `${month}-01` as Day;

/** PostgreSQL's years: no year 0, and what lies before 1 by its number and "BC". */
export function isoYear(digits: string, era: string | undefined): number {
  return era?.trim() === 'BC' ? 1 - Number(digits) : Number(digits);
}

const POSTGRES_DATE = /^(\d{4,7})(-\d\d(?:-\d\d)?)( AD| BC)?$/;

/**
 * PostgreSQL's text form of a date, or of a month of one, in ISO 8601.
 * @throws RangeError for anything else, "infinity" included
 */
export function isoDateFromPostgres(text: Plain<string>): string {
  const match = POSTGRES_DATE.exec(text);
  if (!match) throw new RangeError(`not a date: ${text}`);
  const [, year = '', rest = '', era] = match;
  return yearText(isoYear(year, era)) + rest;
}

/** The same of a date column, which holds a day. */
export const dayFromPostgres = (text: Plain<string>): Day => isoDateFromPostgres(text) as Day;

/** A day as PostgreSQL reads it. */
export function postgresFromDay(day: Day): string {
  if (isPlain(day) && !day.startsWith('0000')) return day;
  return postgresYear(yearOf(day), day.slice(-6));
}

export const postgresYear = (year: number, rest: string) =>
  `${String(year > 0 ? year : 1 - year).padStart(4, '0')}${rest}${year > 0 ? '' : ' BC'}`;

// The plus of a year beyond four digits may be missing, or a space: so it arrives where nobody has encoded it.
const ISO_DAY = /^(-\d{6}|[+ ]?\d{4,6})-(\d\d)-(\d\d)$/;

export function calendarDay(text: Plain<string>): Day | null {
  const match = ISO_DAY.exec(text);
  if (!match) return null;
  const [, year = '', month = '', day = ''] = match;
  const canonical = `${yearText(Number(year))}-${month}-${day}` as Day;
  return dayOfNumber(dayNumber(canonical)) === canonical ? canonical : null;
}

/**
 * A day that is known to be one: written in the code, or in a text that we have written.
 * @throws RangeError for anything else
 */
export function dayFromIso(text: Plain<string>): Day {
  const day = calendarDay(text);
  if (day === null) throw new RangeError(`not a day: ${text}`);
  return day;
}

// 1 January 1970 was a Thursday.
export const weekdayOfNumber = (number: number) => ((((number + 3) % 7) + 7) % 7) + 1;

/** The day of the week of a day, 1 (Monday) to 7. */
export const weekdayOf = (day: Day): number => weekdayOfNumber(dayNumber(day));
