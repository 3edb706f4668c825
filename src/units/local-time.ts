import { Temporal } from 'temporal-polyfill';
import type { Plain } from './brand.ts';
import { DAYS_IN_CYCLE, dayNumber, weekdayOfNumber, YEARS_IN_CYCLE } from './calendar.ts';
import {
  addTime,
  CYCLE,
  DAY_OF_24_HOURS,
  floorDivided,
  HOUR,
  type Instant,
  instantAt,
  instantFromMilliseconds,
  isoFromInstant,
  isTime,
  isWithin,
  localTime,
  midnightOf,
  offsetAt,
  parseDay,
  withinCalendar,
} from './time.ts';

const LOCAL_TIME = /^([^T]+)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/;

/**
 * A time on the clock of a zone ("2026-10-31T10:00"), or null when it is none. One that clocks show twice is the first of the two;
 * one that they leave out is when they do.
 */
export function parseLocalTime(text: Plain<string>, timeZone: string): Instant | null {
  const [, date = '', hour, minute, second, fraction = ''] = LOCAL_TIME.exec(text) ?? [];
  const day = parseDay(date);
  if (day === null || !isWithin(hour, 23) || ![minute, second].every((sixty) => isWithin(sixty, 59))) return null;
  const { milliseconds, yearsLater } = withinCalendar(midnightOf(dayNumber(day)));
  const moved = BigInt(yearsLater / YEARS_IN_CYCLE) * CYCLE;
  const plain = Temporal.PlainDate.from(new Date(milliseconds).toISOString().slice(0, -14)).toPlainDateTime({
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second ?? 0),
  });
  const shown = plain.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const isLeftOut = !shown.toPlainDateTime().equals(plain);
  const at = isLeftOut ? (shown.getTimeZoneTransition('next') ?? shown) : shown;
  const rest = isLeftOut ? 0n : BigInt(fraction.padEnd(6, '0'));
  const instant = instantAt(floorDivided(at.epochNanoseconds, 1000n) + moved + rest);
  return isTime(instant) ? instant : null;
}

/** The minute that a clock of a zone shows, as that reads it: "2026-10-31T10:00". */
export function localMinute(instant: Instant, timeZone: string): string {
  return isoFromInstant(localTime(instant, timeZone)).replace(/:\d\d\.\d+Z$/, '');
}

/** The instant with the same time of the business day so many days or years away: where clocks change, not a multiple of 24 hours. */
export function shiftInstant(instant: Instant, by: { days: number } | { years: number }, timeZone: string): Instant {
  if ('days' in by) {
    const there = addTime(instant, BigInt(by.days) * DAY_OF_24_HOURS);
    if (isAsFarAhead(there, offsetAt(instant, timeZone), timeZone)) return there;
  }
  const { milliseconds } = withinCalendar(instant);
  const near = BigInt(milliseconds) * 1000n;
  const rest = instant - floorDivided(instant, 1000n) * 1000n;
  const moved = instant - rest - near;
  const whole = 'days' in by ? Math.trunc(by.days / DAYS_IN_CYCLE) : Math.trunc(by.years / YEARS_IN_CYCLE);
  const little =
    'days' in by ? { days: by.days - whole * DAYS_IN_CYCLE } : { years: by.years - whole * YEARS_IN_CYCLE };
  const shifted = Temporal.Instant.fromEpochMilliseconds(milliseconds).toZonedDateTimeISO(timeZone).add(little);
  return addTime(instantFromMilliseconds(shifted.epochMilliseconds), rest + moved + BigInt(whole) * CYCLE);
}

/** Whether clocks are so far ahead of UTC all around an instant, so that they show the same time neither twice nor not at all. */
const isAsFarAhead = (instant: Instant, offset: bigint, timeZone: string): boolean =>
  [-DAY_OF_24_HOURS, 0n, DAY_OF_24_HOURS].every((away) => offsetAt(addTime(instant, away), timeZone) === offset);

/** The hour on the business clock, 0 to 23, and the day of the week, 1 (Monday) to 7, that an instant falls into. */
export function clockOf(instant: Instant, timeZone: string): { hour: number; weekday: number } {
  const local = localTime(instant, timeZone);
  const day = floorDivided(local, DAY_OF_24_HOURS);
  return { hour: Number((local - day * DAY_OF_24_HOURS) / HOUR), weekday: weekdayOfNumber(Number(day)) };
}
