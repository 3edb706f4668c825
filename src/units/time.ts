import { Temporal } from 'temporal-polyfill';

/**
 * A point in time: whole microseconds since 1970-01-01T00:00:00Z, PostgreSQL's own precision. A safe integer
 * until 2255. Date objects would drop the last three digits, and with them rows at the edge of a page.
 */
export type Instant = number;

/** A calendar day of the business time zone, "2026-10-31". */
export type Day = string;

/** Half-open: from ≤ t < to. `from` is null when the window has no beginning. */
export type Window = { from: Instant | null; to: Instant };

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY_OF_24_HOURS = 24 * HOUR;

export function now(): Instant {
  return Date.now() * 1000;
}

const POSTGRES_TIMESTAMPTZ =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?$/;

/**
 * Reads PostgreSQL's text form of a timestamptz, in whatever zone the session prints it.
 * @throws RangeError for anything else, "infinity" and dates before Christ included.
 */
export function instantFromPostgres(text: string): Instant {
  return withinKnownHour(text) ?? fromAnyText(text);
}

const HOUR_PART = '2026-10-31 10:'.length;
let knownHour = '';
let knownHourBegan: Instant = 0;

/**
 * Rows come by the million and in order of time, in UTC: all but the first of an hour need no more than the digits behind
 * it. Null for an hour that is not the last one read, and for any other form.
 */
function withinKnownHour(text: string): Instant | null {
  if (!text.startsWith(knownHour) || knownHour === '' || !text.endsWith('+00')) return null;
  const digits = text.length - 3;
  let micros = 0;
  let scale = 600 * SECOND;
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
    scale = place === 1 ? 10 * SECOND : scale / 10;
  }
  return digits < HOUR_PART + 5 ? null : knownHourBegan + micros;
}

function fromAnyText(text: string): Instant {
  const match = POSTGRES_TIMESTAMPTZ.exec(text);
  if (!match) throw new RangeError(`not a timestamptz: ${text}`);
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHours, zoneMinutes, zoneSeconds] = match;
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const offset = Number(zoneHours) * 3600 + Number(zoneMinutes ?? 0) * 60 + Number(zoneSeconds ?? 0);
  const instant = utc * 1000 + Number(fraction.padEnd(6, '0')) - (sign === '-' ? -offset : offset) * SECOND;
  if (text.endsWith('+00') && text.indexOf(':') === HOUR_PART - 1) {
    knownHour = text.slice(0, HOUR_PART);
    knownHourBegan = startOfHour(instant);
  }
  return instant;
}

/** "2026-11-22T10:44:41.843Z", with six decimals where the microseconds need them. PostgreSQL reads it back exactly. */
export function isoFromInstant(instant: Instant): string {
  const milliseconds = Math.floor(instant / 1000);
  const rest = instant - milliseconds * 1000;
  const iso = new Date(milliseconds).toISOString();
  return rest === 0 ? iso : `${iso.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

const ISO_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)$/i;
const ISO_DAY = /^\d{4}-\d\d-\d\d$/;

/** The years that a query may name: outside of them microseconds are no longer exact. */
export const FIRST_YEAR = 1970;
export const LAST_YEAR = 2199;

function yearIsExact(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return year >= FIRST_YEAR && year <= LAST_YEAR;
}

/** An ISO 8601 instant with its offset ("2026-10-31T10:00:00+01:00"), or null when it is none. */
export function parseInstant(text: string): Instant | null {
  if (!ISO_INSTANT.test(text) || !yearIsExact(text)) return null;
  try {
    return Number(Temporal.Instant.from(text).epochNanoseconds / 1000n);
  } catch {
    return null;
  }
}

/** A calendar day, "2026-10-31", or null when it is none (February 30 included). */
export function parseDay(text: string): Day | null {
  if (!ISO_DAY.test(text) || !yearIsExact(text)) return null;
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString();
  } catch {
    return null;
  }
}

const startsOfDay = new Map<string, Instant>();

/** The first instant of a business day; days have 23 or 25 hours where clocks change. */
export function startOfDay(day: Day, timeZone: string): Instant {
  const key = `${timeZone} ${day}`;
  let start = startsOfDay.get(key);
  if (start === undefined) {
    // Bounded, because anyone signed in may ask for any day.
    if (startsOfDay.size > 20_000) startsOfDay.clear();
    start = Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds * 1000;
    startsOfDay.set(key, start);
  }
  return start;
}

/** The business day that an instant falls on. */
export function dayOf(instant: Instant, timeZone: string): Day {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(instant / 1000))
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString();
}

/** The day `days` after (or, negative, before) a day. */
export function addDays(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** How many days after 1 January 1970 a day is. */
export function dayNumber(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`) / 86_400_000;
}

export function endOfDay(day: Day, timeZone: string): Instant {
  return startOfDay(addDays(day, 1), timeZone);
}

/** The UTC hour that an instant falls into, by its first instant. */
export function startOfHour(instant: Instant): Instant {
  return Math.floor(instant / HOUR) * HOUR;
}

/** The instant with the same time of the business day so many days or years away: where clocks change, not a multiple of 24 hours. */
export function shiftInstant(instant: Instant, by: { days: number } | { years: number }, timeZone: string): Instant {
  const shifted = Temporal.Instant.fromEpochNanoseconds(BigInt(instant) * 1000n)
    .toZonedDateTimeISO(timeZone)
    .add(by);
  return Number(shifted.epochNanoseconds / 1000n);
}

/** The hour on the business clock, 0 to 23, and the day of the week, 1 (Monday) to 7, that an instant falls into. */
export function clockOf(instant: Instant, timeZone: string): { hour: number; weekday: number } {
  const { hour, dayOfWeek } = Temporal.Instant.fromEpochMilliseconds(Math.floor(instant / 1000)).toZonedDateTimeISO(
    timeZone,
  );
  return { hour, weekday: dayOfWeek };
}

/** The day of the week of a day, 1 (Monday) to 7. */
export function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}
