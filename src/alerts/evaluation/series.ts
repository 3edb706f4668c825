import type { TimedSums } from '../../stats/records/minutes.ts';
import { noSums, type Sums } from '../../stats/sums.ts';
import { microEuros } from '../../units/money.ts';
import type { Instant } from '../../units/time.ts';

/**
 * Sums of buckets of time, so that those of any stretch that begins and ends between two buckets are the difference of two: each
 * entry holds what all before it come to.
 */
export type Series = {
  at: Instant[];
  requests: number[];
  inputTokens: number[];
  outputTokens: number[];
  cost: number[];
};

const emptySeries = (): Series => ({ at: [], requests: [0], inputTokens: [0], outputTokens: [0], cost: [0] });

function push(series: Series, at: Instant, sums: Sums): void {
  const i = series.at.length;
  series.at.push(at);
  series.requests.push((series.requests[i] as number) + sums.requests);
  series.inputTokens.push((series.inputTokens[i] as number) + sums.inputTokens);
  series.outputTokens.push((series.outputTokens[i] as number) + sums.outputTokens);
  series.cost.push((series.cost[i] as number) + sums.cost);
}

/** Buckets in order of time; several of one instant may follow each other. */
export function seriesOf(buckets: Pick<TimedSums, 'at' | 'sums'>[]): Series {
  const series = emptySeries();
  for (const { at, sums } of buckets) push(series, at, sums);
  return series;
}

/** How many buckets begin before an instant. */
function placeOf({ at }: Series, instant: Instant): number {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] as Instant) < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the buckets that begin in [from, to) come to. */
export function sumsWithin(series: Series, { from, to }: { from: Instant; to: Instant }): Sums {
  const begin = placeOf(series, from);
  const end = Math.max(begin, placeOf(series, to));
  if (begin === end) return noSums();
  const between = (sums: number[]) => (sums[end] as number) - (sums[begin] as number);
  return {
    requests: between(series.requests),
    inputTokens: between(series.inputTokens),
    outputTokens: between(series.outputTokens),
    cost: microEuros(between(series.cost)),
  };
}

/** The first bucket that begins at an instant or after it; null where none does. */
export const nextOf = (series: Series, at: Instant): Instant | null => series.at[placeOf(series, at)] ?? null;

/** The first bucket of all. */
export const beginOf = ({ at }: Series): Instant | null => at[0] ?? null;
