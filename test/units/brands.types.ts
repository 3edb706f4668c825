// Compiled, never run: the type checker is the test. An expected error that does not come is an error itself.
import type { Sums } from '../../src/stats/sums.ts';
import { type Day, dayFromIso, dayFromPostgres, firstDayOf, monthOf } from '../../src/units/calendar.ts';
import { createFormat } from '../../src/units/format.ts';
import {
  averageEuros,
  type Euros,
  eurosNumber,
  eurosText,
  type MicroEuros,
  microEuros,
  microEurosFromNumeric,
} from '../../src/units/money.ts';
import {
  addDays,
  addTime,
  HOUR,
  type Instant,
  instantAt,
  instantFromMilliseconds,
  isoFromInstant,
  parseDay,
  startOfDay,
} from '../../src/units/time.ts';

const format = createFormat('en-GB', 'Europe/Lisbon');

export function money(cost: MicroEuros, requests: number, numeric: string): unknown[] {
  const sums: Sums = { requests, inputTokens: 0, outputTokens: 0, cost };
  const euros: Euros = eurosNumber(cost);
  // @ts-expect-error an amount where requests are counted
  const asRequests: Sums = { ...sums, requests: cost };
  // @ts-expect-error requests where an amount is summed
  const asCost: Sums = { ...sums, cost: requests };
  // @ts-expect-error micro-euros where euros are wanted
  const asEuros: Euros = cost;
  // @ts-expect-error euros where micro-euros are wanted: a millionth
  const asMicro = eurosText(euros);
  // @ts-expect-error euros made an amount
  const made = microEuros(euros);
  // @ts-expect-error what arithmetic has left says again what it counts
  const twice: MicroEuros = cost + cost;
  // @ts-expect-error an amount printed as a number of things
  const printed = format.integer(cost);
  // @ts-expect-error a number of things printed as an amount
  const asAmount = format.euros(requests);
  // @ts-expect-error an average over an amount
  const average = averageEuros(cost, cost);
  // @ts-expect-error an amount that PostgreSQL prints, unread
  const unread: MicroEuros = numeric;
  return [
    asRequests,
    asCost,
    asEuros,
    asMicro,
    made,
    twice,
    printed,
    asAmount,
    average,
    unread,
    microEurosFromNumeric(numeric),
  ];
}

export function days(day: Day, text: string): unknown[] {
  // @ts-expect-error any text where a day is wanted
  const start = startOfDay(text, 'Europe/Lisbon');
  // @ts-expect-error a text written in the code, which may be no day
  const next = addDays('2026-02-30', 1);
  // @ts-expect-error a day where a text is to be read
  const read = parseDay(day);
  // @ts-expect-error a day where PostgreSQL's text of one is to be read
  const stored = dayFromPostgres(day);
  // @ts-expect-error a day where a month is wanted
  const first = firstDayOf(day);
  // @ts-expect-error a month where a day is wanted
  const month: Day = monthOf(day);
  return [start, next, read, stored, first, month, dayFromIso(text)];
}

export function instants(instant: Instant, milliseconds: number, length: bigint): unknown[] {
  // @ts-expect-error an instant where a count of milliseconds is wanted
  const date = new Date(instant);
  // @ts-expect-error the same, of ours
  const again = instantFromMilliseconds(instant);
  // @ts-expect-error milliseconds where an instant is wanted
  const iso = isoFromInstant(milliseconds);
  // @ts-expect-error any bigint where an instant is wanted
  const any = isoFromInstant(length);
  // @ts-expect-error an instant where a length of time is wanted
  const later = addTime(instant, instant);
  // @ts-expect-error the same, printed
  const duration = format.duration(instant);
  // @ts-expect-error an hour after is not an instant until it is said to be one
  const hour: Instant = instant + HOUR;
  // @ts-expect-error what is an instant is not made one again
  const made = instantAt(instant);
  // @ts-expect-error an instant where a day is wanted
  const day = addDays(instant, 1);
  return [date, again, iso, any, later, duration, hour, made, day, addTime(instant, HOUR), instant - instant];
}
