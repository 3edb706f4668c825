import {
  addDays,
  DAY_OF_24_HOURS,
  type Day,
  dayOf,
  HOUR,
  hourNumber,
  type Instant,
  startOfDay,
  startOfHour,
  startOfHourNumber,
  type Window,
} from '../units/time.ts';
import type { UsageQuery } from './query.ts';
import type { BucketSize } from './stats.ts';

/** One bar of the chart and row of its table; `partial` where the window covers only a part of it. */
export type Bucket = { bucket: string; from: Instant; to: Instant; firstDay: Day; partial: boolean };

const LONGEST_BY_HOUR = 48n * HOUR;
const LONGEST_BY_DAY = 93n * DAY_OF_24_HOURS;

/** Hours for a day or two, months for "all" and for more than a quarter, days for everything between. */
export function bucketSizeOf({ period, window }: Pick<UsageQuery, 'period' | 'window'>): BucketSize {
  if (period === '1d') return 'hour';
  if (window.from === null) return 'month';
  const length = window.to - window.from;
  if (length <= LONGEST_BY_HOUR && period === null) return 'hour';
  return length <= LONGEST_BY_DAY ? 'day' : 'month';
}

function firstDayOfMonth(day: Day): Day {
  return `${day.slice(0, 7)}-01`;
}

function nextMonth(firstDay: Day): Day {
  return firstDayOfMonth(addDays(firstDay, 31));
}

type Edge = Pick<Bucket, 'bucket' | 'from' | 'to' | 'firstDay'>;

function hours(start: Instant, end: Instant, timeZone: string): Edge[] {
  const edges: Edge[] = [];
  for (let from = startOfHour(start); from < end; from += HOUR) {
    edges.push({ bucket: String(hourNumber(from)), from, to: from + HOUR, firstDay: dayOf(from, timeZone) });
  }
  return edges;
}

function calendar(start: Instant, end: Instant, timeZone: string, size: 'day' | 'month'): Edge[] {
  const edges: Edge[] = [];
  const first = dayOf(start, timeZone);
  let firstDay = size === 'day' ? first : firstDayOfMonth(first);
  for (let from = startOfDay(firstDay, timeZone); from < end; ) {
    const next = size === 'day' ? addDays(firstDay, 1) : nextMonth(firstDay);
    const to = startOfDay(next, timeZone);
    edges.push({ bucket: size === 'day' ? firstDay : firstDay.slice(0, 7), from, to, firstDay });
    firstDay = next;
    from = to;
  }
  return edges;
}

/**
 * Every bucket of a window, oldest first, empty ones included. A window without a beginning starts at `earliest`, the
 * first bucket that has records (null: no records, no buckets).
 */
export function bucketsOf(window: Window, size: BucketSize, timeZone: string, earliest: string | null): Bucket[] {
  let { from } = window;
  if (from === null) {
    if (earliest === null) return [];
    from = size === 'hour' ? startOfHourNumber(Number(earliest)) : startOfDay(`${earliest}-01`.slice(0, 10), timeZone);
  }
  const start = from;
  const edges = size === 'hour' ? hours(start, window.to, timeZone) : calendar(start, window.to, timeZone, size);
  return edges.map((edge) => ({ ...edge, partial: edge.from < start || edge.to > window.to }));
}
