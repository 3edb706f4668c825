import type { DayNote } from '../../stats/notes/notes.ts';
import { type NoteLine, noteLines, readNotesOf } from '../../stats/notes/notes-of.ts';
import { type Sums, totalTokens } from '../../stats/sums.ts';
import { type BarChart, barChart } from '../../tables/bar-chart.ts';
import type { Format } from '../../units/format.ts';
import {
  addDays,
  addTime,
  dayOf,
  earliest,
  endOfDay,
  HOUR,
  hourNumber,
  type Instant,
  startOfDay,
  startOfHour,
} from '../../units/time.ts';
import type { Measured } from '../rules/rule-type.ts';
import type { Span } from '../rules/windows.ts';
import { measuredOf, valueText } from '../rules/words.ts';
import type { AlertSources } from '../sources.ts';
import type { Alert } from '../store/alerts.ts';
import { queryOf } from './window-numbers.ts';

/** What the bars of the chart count: what the rule measured, or what the calls cost. */
const BAR_VALUES: Record<Measured, { measured: Measured; value: (sums: Sums) => number }> = {
  euros: { measured: 'euros', value: ({ cost }) => cost },
  share: { measured: 'euros', value: ({ cost }) => cost },
  requests: { measured: 'requests', value: ({ requests }) => requests },
  hours: { measured: 'requests', value: ({ requests }) => requests },
  tokens: { measured: 'tokens', value: totalTokens },
};

type Bucket = Span & { bucket: string; label: string; axisLabel: string };

/** Up to so long a window is drawn among hours, beyond among days. */
const LONGEST_BY_HOUR = 3n * HOUR;

function hoursAround({ from, to }: Span, at: Instant, format: Format): Bucket[] {
  const buckets: Bucket[] = [];
  const end = earliest(addTime(to, 12n * HOUR), at);
  for (let hour = addTime(startOfHour(from), -48n * HOUR); hour < end; hour = addTime(hour, HOUR)) {
    const day = format.shortDay(dayOf(hour, format.timeZone));
    buckets.push({
      ...{ bucket: String(hourNumber(hour)), from: hour, to: addTime(hour, HOUR) },
      ...{ label: format.minute(hour), axisLabel: `${day}, ${format.timeOfDay(hour)}` },
    });
  }
  return buckets;
}

function daysAround({ from, to }: Span, at: Instant, { timeZone, longDay, shortDay }: Format): Bucket[] {
  const buckets: Bucket[] = [];
  const end = earliest(endOfDay(addDays(dayOf(to, timeZone), 3), timeZone), at);
  let day = addDays(dayOf(from, timeZone), -28);
  for (let begin = startOfDay(day, timeZone); begin < end; begin = startOfDay(day, timeZone)) {
    buckets.push({
      ...{ bucket: day, from: begin, to: endOfDay(day, timeZone), label: longDay(day), axisLabel: shortDay(day) },
    });
    day = addDays(day, 1);
  }
  return buckets;
}

/** Whether the first or the last day of a note begins in a stretch, as charts mark them. */
function noteTest(notes: DayNote[], { timeZone }: Format): (stretch: Span) => boolean {
  const begins = notes.flatMap(({ first, last }) => [first, last]).map((day) => startOfDay(day, timeZone));
  return ({ from, to }) => begins.some((begin) => begin >= from && begin < to);
}

/** The calls of the alert by hour or day, before, in and after its window, which is marked. */
export async function readAround(
  { databases, reader, format }: AlertSources,
  alert: Alert,
  at: Instant,
): Promise<{ chart: BarChart; noted: NoteLine[] }> {
  const { window } = alert;
  const size = window.to - window.from <= LONGEST_BY_HOUR ? 'hour' : 'day';
  const buckets = size === 'hour' ? hoursAround(window, at, format) : daysAround(window, at, format);
  const from = buckets[0]?.from ?? window.from;
  const span = { from, to: earliest(buckets.at(-1)?.to ?? at, at) };
  const query = queryOf(alert, span, format, at);
  const [{ value: stats }, notes] = await Promise.all([
    reader.stats(query, size),
    readNotesOf(databases.backoffice, query, format),
  ]);
  const isNoted = noteTest(notes, format);
  const sums = new Map(stats.buckets.map((bucket) => [bucket.bucket, bucket]));
  const bars = BAR_VALUES[measuredOf(alert.asked)];
  const chart = barChart(
    buckets.map(({ bucket, label, axisLabel, ...stretch }) => {
      const found = sums.get(bucket);
      const marked = stretch.from < window.to && stretch.to > window.from;
      return { label, axisLabel, marked, noted: isNoted(stretch), value: found ? bars.value(found) : 0 };
    }),
    {
      limit: null,
      say: (value) => valueText(value, bars.measured, format),
      text:
        `By ${size}, ${format.minute(span.from)} to ${format.minute(span.to)}. The window of the alert is marked: ` +
        `${format.minute(window.from)} to ${format.minute(window.to)}.`,
    },
  );
  return { chart, noted: noteLines(notes, format) };
}
