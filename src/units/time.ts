import { Temporal } from 'temporal-polyfill';
import type { Branded, Plain } from './brand.ts';
import {
  calendarDay,
  DAYS_IN_CYCLE,
  type Day,
  dayNumber,
  dayOfNumber,
  daysTo,
  isoYear,
  isPlain,
  postgresYear,
  YEARS_IN_CYCLE,
  yearOf,
  yearText,
} from './calendar.ts';
import { millisecondsNow } from './clock.ts';
import { remembered } from './remembered.ts';

/**
 * A point in time: whole microseconds since 1970-01-01T00:00:00Z, PostgreSQL's own precision. A bigint, for PostgreSQL holds
 * 299,000 years and a number counts the microseconds of 570 exactly. Date objects would drop the last three digits, and with
 * them rows at the edge of a page. Lengths of time are plain bigints of microseconds: what one instant less another leaves.
 */
export type Instant = Branded<bigint, 'instant'>;

/** A length of time in microseconds. */
export type Length = Plain<bigint>;

/** Half-open: from ≤ t < to. `from` is null when the window has no beginning. */
export type Window = { from: Instant | null; to: Instant };

/** The instant so many microseconds after 1970 (before, where negative). */
export const instantAt = (microseconds: Length): Instant => microseconds as bigint as Instant;

/** The same of whole milliseconds, which is what Date and other programs count. */
export const instantFromMilliseconds = (milliseconds: Plain<number>): Instant =>
  instantAt(BigInt(milliseconds) * 1000n);

/** The instant so long after another; before it, where the length is negative. */
export const addTime = (instant: Instant, length: Length): Instant => instantAt(instant + length);

export const SECOND = 1_000_000n;
export const MINUTE = 60n * SECOND;
export const HOUR = 60n * MINUTE;
export const DAY_OF_24_HOURS = 24n * HOUR;

/** Where PostgreSQL's time begins, 24 November 4714 BC, and where it ends, with the year 294276: the latter is no instant of it. */
export const BEGIN_OF_TIME = instantAt(-210_866_803_200n * SECOND);
export const END_OF_TIME = instantAt(9_224_318_016_000n * SECOND);

/**
 * What a timestamptz may hold besides instants, before and after all of them: '-infinity' and 'infinity'. A record of such a
 * time is of no period; all of them are a window of their own.
 */
export const BEFORE_TIME = addTime(BEGIN_OF_TIME, -1n);
export const NO_TIME = 'no time';
export const WINDOW_OF_NO_TIME = { from: BEFORE_TIME, to: addTime(END_OF_TIME, 1n) } as const satisfies Window;

/** Whether PostgreSQL holds it as an instant. */
export const isTime = (instant: Instant): boolean => instant >= BEGIN_OF_TIME && instant < END_OF_TIME;
/** Whether a window is that of the records without a time. */
export const isOfNoTime = ({ from }: Pick<Window, 'from'>): boolean => from === BEFORE_TIME;

/** What time it is, by the clock that the records are stamped by once it has been compared; in whole milliseconds. */
export function now(): Instant {
  return instantFromMilliseconds(millisecondsNow());
}

export const earliest = (a: Instant, b: Instant): Instant => (a < b ? a : b);
export const latest = (a: Instant, b: Instant): Instant => (a > b ? a : b);
/** For sort(). */
export const compareInstants = (a: Instant, b: Instant): number => (a < b ? -1 : a > b ? 1 : 0);

/** How often a length goes into an instant or into another length, rounded down, also before 1970. */
export function floorDivided(instant: bigint, length: Length): bigint {
  const quotient = instant / length;
  return instant < 0n && quotient * length !== instant ? quotient - 1n : quotient;
}

// Date and Temporal end before PostgreSQL does, so they are asked about years of four digits: what lies beyond is moved by
// whole cycles of the calendar, and rules for clocks go on for ever.
export const CYCLE = BigInt(DAYS_IN_CYCLE) * DAY_OF_24_HOURS;
const FIRST_PLAIN = instantAt(-377_705_116_800n * SECOND); // Year -9999
const LAST_PLAIN = instantAt(253_402_300_800n * SECOND); // Year 10000

/** The same time of a year that Date and Temporal know, and how many years later the real one is. */
export function withinCalendar(instant: Instant): { milliseconds: number; yearsLater: number } {
  let cycles = 0n;
  if (instant >= LAST_PLAIN) cycles = (instant - LAST_PLAIN) / CYCLE + 1n;
  if (instant < FIRST_PLAIN) cycles = (instant - FIRST_PLAIN) / CYCLE - 1n;
  return {
    milliseconds: Number(floorDivided(instant - cycles * CYCLE, 1000n)),
    yearsLater: Number(cycles) * YEARS_IN_CYCLE,
  };
}

const POSTGRES_TIMESTAMPTZ =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?( BC)?$/;

/**
 * Reads PostgreSQL's text form of a timestamptz, in whatever zone the session prints it.
 * @throws RangeError for anything else, "infinity" included.
 */
export function instantFromPostgres(text: Plain<string>): Instant {
  return withinKnownHour(text) ?? fromAnyText(text);
}

/** The same of a record, whose time may be none. */
export function timeFromPostgres(text: Plain<string>): Instant {
  if (text.endsWith('infinity')) return text === 'infinity' ? END_OF_TIME : BEFORE_TIME;
  return instantFromPostgres(text);
}

const HOUR_PART = '2026-10-31 10:'.length;
let knownHour = '';
let knownHourBegan = instantAt(0n);

/**
 * Rows come by the million and in order of time, in UTC: all but the first of an hour need no more than the digits behind
 * it. Null for an hour that is not the last one read, and for any other form.
 */
function withinKnownHour(text: string): Instant | null {
  if (!text.startsWith(knownHour) || knownHour === '' || !text.endsWith('+00')) return null;
  const digits = text.length - 3;
  let micros = 0;
  let scale = 600_000_000;
  for (let i = HOUR_PART; i < digits; i++) {
    const place = i - HOUR_PART;
    const digit = text.charCodeAt(i) - 48;
    if (place === 2 || place === 5) {
      if (digit !== (place === 2 ? 10 : -2)) return null;
      continue;
    }
    if (digit < 0 || digit > 9 || scale < 1) return null;
    micros += digit * scale;
    // Minutes and seconds have tens that count to six.
    scale = place === 1 ? 10_000_000 : scale / 10;
  }
  return digits < HOUR_PART + 5 ? null : addTime(knownHourBegan, BigInt(micros));
}

function fromAnyText(text: string): Instant {
  const match = POSTGRES_TIMESTAMPTZ.exec(text);
  if (!match) throw new RangeError(`not a timestamptz: ${text}`);
  const [, year = '', month, day, hour, minute, second, fraction = '', sign, zoneHours, zoneMinutes, zoneSeconds, era] =
    match;
  const days = daysTo(isoYear(year, era), Number(month), Number(day));
  const offset = Number(zoneHours) * 3600 + Number(zoneMinutes ?? 0) * 60 + Number(zoneSeconds ?? 0);
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second) + (sign === '-' ? offset : -offset);
  const instant = addTime(midnightOf(days), BigInt(seconds) * SECOND + BigInt(fraction.padEnd(6, '0')));
  if (text.endsWith('+00') && text.indexOf(':') === HOUR_PART - 1) {
    knownHour = text.slice(0, HOUR_PART);
    knownHourBegan = startOfHour(instant);
  }
  return instant;
}

/** An instant as PostgreSQL reads it; what lies outside of its time is infinitely far. */
export function postgresFromInstant(instant: Instant): string {
  if (instant >= END_OF_TIME) return 'infinity';
  if (instant < BEGIN_OF_TIME) return '-infinity';
  const iso = isoFromInstant(instant);
  if (isPlain(iso) && !iso.startsWith('0000')) return iso;
  const [date = '', time] = iso.split('T');
  return postgresYear(yearOf(date), `${date.slice(-6)}T${time}`);
}

/** "2026-11-22T10:44:41.843Z", with six decimals where the microseconds need them. */
export function isoFromInstant(instant: Instant): string {
  const { milliseconds, yearsLater } = withinCalendar(instant);
  const micros = Number(instant - floorDivided(instant, 1000n) * 1000n);
  const iso = new Date(milliseconds).toISOString();
  const time = iso.slice(-14, -1);
  const date = iso.slice(0, -14);
  const day = yearsLater === 0 && isPlain(date) ? date : movedDay(date, yearsLater);
  return `${day}${time}${micros === 0 ? '' : String(micros).padStart(3, '0')}Z`;
}

/** A window for programs. */
export function isoWindow(window: Window): { from: string | null; to: string } {
  const { from, to } = window;
  if (isOfNoTime(window)) return { from: NO_TIME, to: NO_TIME };
  return { from: from === null ? null : isoFromInstant(from), to: isoFromInstant(to) };
}

const movedDay = (date: string, years: number) => yearText(Number(date.slice(0, -6)) + years) + date.slice(-6);

const ISO_INSTANT =
  /^((?:-\d{6}|[+ ]?\d{4,6})-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?:Z|([+-])(\d\d):(\d\d))$/i;

export const isWithin = (digits: string | undefined, most: number) => Number(digits ?? 0) <= most;

/** An ISO 8601 instant with its offset ("2026-10-31T10:00:00+01:00"), or null when it is none that PostgreSQL holds. */
export function parseInstant(text: Plain<string>): Instant | null {
  const match = ISO_INSTANT.exec(text);
  if (!match) return null;
  const [, date = '', hour, minute, second, fraction = '', sign, zoneHours, zoneMinutes] = match;
  const day = calendarDay(date);
  if (day === null || !isWithin(hour, 23) || !isWithin(zoneHours, 23)) return null;
  if (![minute, second, zoneMinutes].every((sixty) => isWithin(sixty, 59))) return null;
  const offset = (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * (sign === '-' ? -1 : 1);
  const seconds = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second ?? 0);
  const instant = addTime(midnightOf(dayNumber(day)), BigInt(seconds) * SECOND + BigInt(fraction.padEnd(6, '0')));
  return instant >= BEGIN_OF_TIME && instant < END_OF_TIME ? instant : null;
}

/** When a day begins in UTC, by its number of days since 1970. */
export const midnightOf = (number: number): Instant => instantAt(BigInt(number) * DAY_OF_24_HOURS);

/** A calendar day, "2026-10-31", or null when it is none (February 30 included) or outside of PostgreSQL's time. */
export function parseDay(text: Plain<string>): Day | null {
  const day = calendarDay(text);
  return day !== null && dayNumber(day) >= FIRST_DAY_NUMBER && dayNumber(day) <= LAST_DAY_NUMBER ? day : null;
}

// The first and last business day reach to the ends of time, wherever their midnight would be.
const FIRST_DAY_NUMBER = Number(BEGIN_OF_TIME / DAY_OF_24_HOURS);
const LAST_DAY_NUMBER = Number(END_OF_TIME / DAY_OF_24_HOURS) - 1;
export const FIRST_DAY: Day = dayOfNumber(FIRST_DAY_NUMBER);

/** What a clock of a time zone is ahead of UTC at an instant; before clocks were set by zones, down to the second. */
export function offsetAt(instant: Instant, timeZone: string): bigint {
  // Since then clocks have been set at whole minutes.
  return instant < FROM_1973 ? offsetOf(instant, timeZone) : offsetsIn(timeZone)(Number(instant / MINUTE));
}

const FROM_1973 = BigInt(Date.UTC(1973, 0)) * 1000n;
/** Two years of hours, or two weeks of minutes. */
const MOST_OFFSETS = 20_000;
const MINUTES_OF_AN_HOUR = 60;
const offsetsIn = remembered((timeZone: string) => {
  const ofMinute = remembered((minute: number) => offsetOf(instantAt(BigInt(minute) * MINUTE), timeZone), MOST_OFFSETS);
  // Clocks are not set twice within an hour: where both of its ends agree, so do its minutes.
  const ofHour = remembered((hour: number) => {
    const offset = ofMinute(hour * MINUTES_OF_AN_HOUR);
    return ofMinute((hour + 1) * MINUTES_OF_AN_HOUR) === offset ? offset : null;
  }, MOST_OFFSETS);
  return (minute: number) => ofHour(Math.floor(minute / MINUTES_OF_AN_HOUR)) ?? ofMinute(minute);
});

function offsetOf(instant: Instant, timeZone: string): bigint {
  const at = Temporal.Instant.fromEpochMilliseconds(withinCalendar(instant).milliseconds);
  return BigInt(at.toZonedDateTimeISO(timeZone).offsetNanoseconds / 1000);
}

const startsOfDay = new Map<string, Instant>();

/** The first instant of a business day; days have 23 or 25 hours where clocks change. */
export function startOfDay(day: Day, timeZone: string): Instant {
  const key = `${timeZone} ${day}`;
  let start = startsOfDay.get(key);
  if (start === undefined) {
    // Bounded, because anyone signed in may ask for any day.
    if (startsOfDay.size > 20_000) startsOfDay.clear();
    start = firstInstant(day, timeZone);
    startsOfDay.set(key, start);
  }
  return start;
}

function firstInstant(day: Day, timeZone: string): Instant {
  const number = dayNumber(day);
  if (number <= FIRST_DAY_NUMBER) return BEGIN_OF_TIME;
  if (number > LAST_DAY_NUMBER) return END_OF_TIME;
  const { milliseconds, yearsLater } = withinCalendar(midnightOf(number));
  const plain = new Date(milliseconds).toISOString().slice(0, -14);
  const moved = BigInt(yearsLater / YEARS_IN_CYCLE) * CYCLE;
  const start = Temporal.PlainDate.from(plain).toZonedDateTime(timeZone).epochNanoseconds;
  return instantAt(floorDivided(start, 1000n) + moved);
}

/** What a clock of a time zone shows, as if it were UTC. It stands still where time ends. */
export function localTime(instant: Instant, timeZone: string): Instant {
  return latest(BEGIN_OF_TIME, earliest(addTime(instant, offsetAt(instant, timeZone)), addTime(END_OF_TIME, -1n)));
}

/** The business day that an instant falls on. */
export function dayOf(instant: Instant, timeZone: string): Day {
  return dayOfNumber(Number(floorDivided(localTime(instant, timeZone), DAY_OF_24_HOURS)));
}

/** The day `days` after (or, negative, before) a day. */
export function addDays(day: Day, days: number): Day {
  return dayOfNumber(dayNumber(day) + days);
}

/** The first instant after a business day. */
export const endOfDay = (day: Day, timeZone: string): Instant => startOfDay(addDays(day, 1), timeZone);

/** The UTC hour that an instant falls into, by its first instant. */
export function startOfHour(instant: Instant): Instant {
  return instantAt(floorDivided(instant, HOUR) * HOUR);
}

/** Whole UTC hours by their number since 1970, and back. */
export const hourNumber = (instant: Instant): number => Number(floorDivided(instant, HOUR));
export const startOfHourNumber = (number: number): Instant => instantAt(BigInt(number) * HOUR);
