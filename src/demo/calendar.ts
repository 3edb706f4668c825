import { type Day, daysBetween } from '../units/calendar.ts';
import { addDays, addTime, endOfDay, type Instant, startOfDay } from '../units/time.ts';
import { pickWeighted, type Random } from './random.ts';

/** Where Mythoria's authors live. */
export const DEMO_TIME_ZONE = 'Europe/Lisbon';

/** Days until the growth of the demo data, and its move to newer models, are over. */
export const GROWING_DAYS = 130;

const STORIES_ON_FIRST_DAY = 7;
const STORIES_WHEN_GROWN = 19;

// Per hour from midnight: children are read to in the evening, and on weekends also before lunch and in the afternoon.
const WEEKDAY_HOURS = [4, 2, 1, 0.5, 0.5, 1, 2, 6, 9, 12, 14, 15, 20, 22, 16, 16, 18, 24, 30, 38, 52, 60, 44, 16];
const WEEKEND_HOURS = [7, 4, 2, 1, 0.5, 0.5, 1, 3, 10, 24, 38, 42, 30, 24, 34, 44, 46, 42, 34, 36, 42, 40, 28, 14];

// From Sunday to Saturday; their average is 1.
const STORIES_BY_WEEKDAY = [1.22, 0.9, 0.86, 0.84, 0.9, 0.98, 1.3];

/** Every day from one to another, both included. */
export function daysFrom(from: Day, to: Day): Day[] {
  return Array.from({ length: daysBetween(from, to) + 1 }, (_, index) => addDays(from, index));
}

/** How far the growth has come, 0–1, that many days after the first one. */
export function growthAfter(days: number): number {
  const part = Math.min(Math.max(days / GROWING_DAYS, 0), 1);
  return part * part * (3 - 2 * part);
}

/** The average number of stories begun on a day, that many days after the first one, before the rhythm of the week. */
export function storiesWhileGrowing(days: number): number {
  return STORIES_ON_FIRST_DAY + (STORIES_WHEN_GROWN - STORIES_ON_FIRST_DAY) * growthAfter(days);
}

/** How much busier than the average this day of the week is: 1 is as busy. */
export function weekRhythm(day: Day): number {
  return STORIES_BY_WEEKDAY[weekday(day)] ?? 1;
}

/** A moment of the day, as likely as people are awake. */
export function momentOf(random: Random, day: Day): Instant {
  const hours = weekday(day) % 6 === 0 ? WEEKEND_HOURS : WEEKDAY_HOURS;
  const start = startOfDay(day, DEMO_TIME_ZONE);
  const part = (pickWeighted(random, hours) + random()) / hours.length;
  return addTime(start, BigInt(Math.floor(part * Number(endOfDay(day, DEMO_TIME_ZONE) - start))));
}

function weekday(day: Day): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}
