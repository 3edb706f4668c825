import type { UsageQuery } from '../../query/query.ts';
import { bucketOf, type UsageStats } from '../../stats/stats.ts';
import { type Course, courseOf } from '../../tables/course.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';
import { axisLabel } from '../chart/bar-labels.ts';
import { barsOf } from '../chart/bars.ts';
import { bucketSizeOf, bucketsOf } from '../chart/buckets.ts';
import { BREAKDOWNS, type BreakdownBy } from './breakdowns.ts';

/** A month day by day; what is longer in so many steps of several bars, for a page of ninety days is as heavy as it may be. */
const MOST_BARS = 31;
const MOST_STEPS = 16;
/** Fewer are no course. */
const FEWEST_BARS = 3;

/** How the cost of each went over a window, by its key, and that of all of them. */
export type Courses = { of: (key: string) => Course | undefined; total: Course | undefined };

/**
 * From the statistics that the page has read by `bucketSizeOf()` of its query. Null where there is nothing to draw: of authors and
 * stories, whose costs are not known by time, and of windows of next to no bars.
 */
export function coursesOf(by: BreakdownBy, stats: UsageStats, query: UsageQuery, format: Format): Courses | null {
  const { keyOf } = BREAKDOWNS[by];
  if (keyOf === null) return null;
  const size = bucketSizeOf(query);
  const filled = stats.buckets.map(({ bucket }) => bucket);
  const shown = barsOf(bucketsOf(query.window, size, format.timeZone, filled), size, query.window, format.timeZone);
  // A part of a day beside whole ones looks like a fall.
  const bars = shown.bars.filter(({ partial }) => !partial);
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
  const costs = new Map<string, MicroEuros[]>();
  for (const cell of stats.cells) {
    const key = keyOf(cell);
    const step = stepOf.get(bucketOf[size](cell));
    if (step === undefined) continue;
    const own = costs.get(key) ?? nothing();
    costs.set(key, own);
    own[step] = plus(own[step] as MicroEuros, cell.cost);
    total[step] = plus(total[step] as MicroEuros, cell.cost);
  }

  const labels = drawnBars.map((bar) => axisLabel(bar, shown.size, format));
  const words = (step: number) => {
    const [first, last] = [labels[step * perStep], labels[(step + 1) * perStep - 1]];
    return `highest ${first === last ? first : `${first} – ${last}`}`;
  };
  const drawn = (own: MicroEuros[] | undefined) => (own === undefined ? undefined : courseOf(own, words));
  return { of: (key) => drawn(costs.get(key)), total: drawn(total) };
}
