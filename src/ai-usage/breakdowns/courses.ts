import type { UsageQuery } from '../../query/query.ts';
import { bucketOf, type UsageStats } from '../../stats/stats.ts';
import type { DayCosts } from '../../stats/stories/day-costs.ts';
import { type Course, courseOf } from '../../tables/course.ts';
import { monthOf } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';
import { axisLabel } from '../chart/bar-labels.ts';
import { type Bar, barsOf } from '../chart/bars.ts';
import { bucketSizeOf, bucketsOf } from '../chart/buckets.ts';
import { BREAKDOWNS, type BreakdownBy } from './breakdowns.ts';

/** A month day by day; what is longer in so many steps of several bars, for a page of ninety days is as heavy as it may be. */
const MOST_BARS = 31;
const MOST_STEPS = 16;
/** Fewer are no course. */
const FEWEST_BARS = 3;

/** How the cost of each went over a window, by its key, and that of all of them. */
export type Courses = { of: (key: string) => Course | undefined; total: Course | undefined };

/** What the statistics of a page, read by `bucketSizeOf()` of its query, hold of a cost; of authors and stories they hold nothing, but whole days do. */
type Known = { stats: UsageStats; dayCosts: DayCosts | null };

type Part = { key: string; bucket: string; cost: MicroEuros };

/** Null where there is nothing to draw: of windows of next to no bars, and of authors and stories where whole days do not tell their costs. */
export function coursesOf(
  by: BreakdownBy,
  { stats, dayCosts }: Known,
  query: UsageQuery,
  format: Format,
): Courses | null {
  const { keyOf } = BREAKDOWNS[by];
  const size = bucketSizeOf(query);
  if (keyOf !== null)
    return drawn(stats, query, format, {
      isTold: () => true,
      parts: stats.cells.map((cell) => ({ key: keyOf(cell), bucket: bucketOf[size](cell), cost: cell.cost })),
    });
  if (dayCosts === null || size === 'hour') return null;
  const { from, to, of } = dayCosts;
  return drawn(stats, query, format, {
    isTold: (bar) => from <= bar.from && bar.to <= to,
    parts: [...of].flatMap(([key, days]) =>
      [...days].map(([day, cost]) => ({ key, bucket: size === 'month' ? monthOf(day) : day, cost })),
    ),
  });
}

function drawn(
  stats: UsageStats,
  query: UsageQuery,
  format: Format,
  { parts, isTold }: { parts: Part[]; isTold: (bar: Bar) => boolean },
): Courses | null {
  const size = bucketSizeOf(query);
  const filled = stats.buckets.map(({ bucket }) => bucket);
  const shown = barsOf(bucketsOf(query.window, size, format.timeZone, filled), size, query.window, format.timeZone);
  // A part of a day beside whole ones looks like a fall.
  const bars = shown.bars.filter((bar) => !bar.partial && isTold(bar));
  if (bars.length < FEWEST_BARS) return null;
  const perStep = bars.length <= MOST_BARS ? 1 : Math.ceil(bars.length / MOST_STEPS);
  const steps = Math.floor(bars.length / perStep);
  // All steps are of as many bars: those that are over are the oldest.
  const drawnBars = bars.slice(bars.length - steps * perStep);
  const stepOf = new Map(
    drawnBars.flatMap(({ buckets }, bar) => buckets.map((bucket) => [bucket, Math.floor(bar / perStep)])),
  );
  const nothing = () => Array.from({ length: steps }, () => NO_EUROS);
  const total = nothing();
  for (const { bucket, cost } of stats.buckets) {
    const step = stepOf.get(bucket);
    if (step !== undefined) total[step] = plus(total[step] as MicroEuros, cost);
  }
  const costs = new Map<string, MicroEuros[]>();
  for (const { key, bucket, cost } of parts) {
    const step = stepOf.get(bucket);
    if (step === undefined) continue;
    const own = costs.get(key) ?? nothing();
    costs.set(key, own);
    own[step] = plus(own[step] as MicroEuros, cost);
  }

  const labels = drawnBars.map((bar) => axisLabel(bar, shown.size, format));
  const words = (step: number) => {
    const [first, last] = [labels[step * perStep], labels[(step + 1) * perStep - 1]];
    return `highest ${first === last ? first : `${first} – ${last}`}`;
  };
  const line = (own: MicroEuros[] | undefined) => (own === undefined ? undefined : courseOf(own, words));
  return { of: (key) => line(costs.get(key)), total: line(total) };
}
