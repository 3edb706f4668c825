import { unitOf } from '../../query/periods/registry.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { BucketSize } from '../../stats/stats.ts';
import { type Day, dayFromIso, firstDayOf, type Month, monthOf } from '../../units/calendar.ts';
import {
  addDays,
  addTime,
  BEFORE_TIME,
  DAY_OF_24_HOURS,
  dayOf,
  FIRST_DAY,
  HOUR,
  hourNumber,
  type Instant,
  isOfNoTime,
  startOfDay,
  startOfHour,
  startOfHourNumber,
  type Window,
} from '../../units/time.ts';

/** One bar of the chart and row of its table; `partial` where the window covers only a part of it. */
export type Bucket = { bucket: string; from: Instant; to: Instant; firstDay: Day; partial: boolean };

const LONGEST_BY_HOUR = 48n * HOUR;
const LONGEST_BY_DAY = 93n * DAY_OF_24_HOURS;

/** Hours for a day or two, months for "all" and for more than a quarter, days for everything between. */
export function bucketSizeOf({ period, window }: Pick<UsageQuery, 'period' | 'window'>): BucketSize {
  if (isOfNoTime(window)) return 'day';
  if (period === '1d' || (period !== null && unitOf(period) === 'day')) return 'hour';
  if (window.from === null) return 'month';
  const length = window.to - window.from;
  if (length <= LONGEST_BY_HOUR && period === null) return 'hour';
  return length <= LONGEST_BY_DAY ? 'day' : 'month';
}

function nextMonth(firstDay: Day): Day {
  return firstDayOf(monthOf(addDays(firstDay, 31)));
}

type Edge = Pick<Bucket, 'bucket' | 'from' | 'to' | 'firstDay'>;

function hours(start: Instant, end: Instant, timeZone: string): Edge[] {
  const edges: Edge[] = [];
  for (let from = startOfHour(start); from < end; from = addTime(from, HOUR)) {
    edges.push({ bucket: String(hourNumber(from)), from, to: addTime(from, HOUR), firstDay: dayOf(from, timeZone) });
  }
  return edges;
}

function monthEdge(month: Month, timeZone: string): Edge {
  const firstDay = firstDayOf(month);
  const from = startOfDay(firstDay, timeZone);
  return { bucket: month, from, to: startOfDay(nextMonth(firstDay), timeZone), firstDay: dayOf(from, timeZone) };
}

function days(start: Instant, end: Instant, timeZone: string): Edge[] {
  const edges: Edge[] = [];
  for (let day = dayOf(start, timeZone), from = startOfDay(day, timeZone); from < end; ) {
    const next = addDays(day, 1);
    const to = startOfDay(next, timeZone);
    edges.push({ bucket: day, from, to, firstDay: day });
    day = next;
    from = to;
  }
  return edges;
}

/** With more months than these, those without records are left out. */
export const MOST_MONTHS = 120;

/** Null where there are too many. */
function months(start: Instant, end: Instant, timeZone: string): Edge[] | null {
  const edges: Edge[] = [];
  let edge = monthEdge(monthOf(dayOf(start, timeZone)), timeZone);
  while (edge.from < end) {
    if (edges.length === MOST_MONTHS) return null;
    edges.push(edge);
    if (edge.to >= end) break;
    edge = monthEdge(monthOf(dayOf(edge.to, timeZone)), timeZone);
  }
  return edges;
}

/**
 * The buckets of a window, oldest first, empty ones included, but for months of more than ten years: then those that are
 * `filled`, which names the buckets with records, oldest first. A window without a beginning starts with the first of them.
 * Records without a time are one bucket, on the first day that there is.
 */
export function bucketsOf(window: Window, size: BucketSize, timeZone: string, filled: string[]): Bucket[] {
  if (isOfNoTime(window))
    return filled.map((bucket) => ({ bucket, from: BEFORE_TIME, to: window.to, firstDay: FIRST_DAY, partial: false }));
  const start = window.from ?? startOfBucket(filled[0], size, timeZone);
  // An instant that all is counted until may be before a window begins: it has no hour or day of its own.
  if (start === null || start >= window.to) return [];
  const edges = {
    hour: () => hours(start, window.to, timeZone),
    day: () => days(start, window.to, timeZone),
    month: () => months(start, window.to, timeZone) ?? filled.map((month) => monthEdge(month as Month, timeZone)),
  }[size]();
  return edges.map((edge) => ({ ...edge, partial: edge.from < start || edge.to > window.to }));
}

function startOfBucket(bucket: string | undefined, size: BucketSize, timeZone: string): Instant | null {
  if (bucket === undefined) return null;
  if (size === 'hour') return startOfHourNumber(Number(bucket));
  return startOfDay(size === 'day' ? dayFromIso(bucket) : firstDayOf(bucket as Month), timeZone);
}
