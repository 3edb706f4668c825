import { compareDays, type Day, firstDayOf, type Month } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { addDays, addTime, dayOf, endOfDay, startOfDay } from '../../units/time.ts';

export const KINDS = ['usage', 'cached', 'batch', 'tax', 'credit', 'other'] as const;
export type Kind = (typeof KINDS)[number];

/** Kinds of lines that are of calls. */
export const OF_CALLS: readonly Kind[] = ['usage', 'cached', 'batch'];

export const CURRENCIES = ['EUR', 'USD'] as const;
export type Currency = (typeof CURRENCIES)[number];

/** Days of UTC, first to last. */
export type Days = { firstDay: Day; lastDay: Day };

/** A line of a bill: what a provider charges for some of its days; amounts are decimals as text ("0.0612"), exact. */
export type BillLine = {
  firstDay: Day;
  lastDay: Day;
  item: string;
  project: string;
  kind: Kind;
  quantity: string | null;
  amount: string;
  currency: Currency;
};

/** "007.250" as "7.25", "-0.0" as "0": one number is one text. */
export function shortestDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  const plain = fraction === '' ? whole : `${whole}.${fraction}`;
  return plain === '0' ? '0' : sign + plain;
}

/** The first and the last day of a month. */
export function daysOfMonth(month: Month): Days {
  const { first, next } = periodOf(firstDayOf(month), 'month');
  return { firstDay: first, lastDay: addDays(next, -1) };
}

/** The days of a line, of which there are a month's at most. */
export function daysOfLine({ firstDay, lastDay }: Days): Day[] {
  const days: Day[] = [];
  for (let day = firstDay; compareDays(day, lastDay) <= 0; day = addDays(day, 1)) days.push(day);
  return days;
}

/** The days of another time zone that a day has hours of: two, where midnight is not the same. */
export const daysMeeting = (day: Day, timeZone: string, other: string): Day[] =>
  daysOfLine({
    firstDay: dayOf(startOfDay(day, timeZone), other),
    lastDay: dayOf(addTime(endOfDay(day, timeZone), -1n), other),
  });
