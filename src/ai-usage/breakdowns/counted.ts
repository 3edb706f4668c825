import { queryWithin, type UsageQuery } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { BucketSize } from '../../stats/stats.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import type { UsageView } from '../frame/sources.ts';
import { type Compared, type Counted, comparedWindow, reachOf } from './compare.ts';

/** Null when nothing is compared, or there is nothing to compare with. */
export async function readCompared(
  reader: UsageReader,
  query: UsageQuery,
  size: BucketSize,
  timeZone: string,
): Promise<Compared | null> {
  const window = comparedWindow(query, query.compare, timeZone);
  if (window === null || reachOf(window, await reader.earliest()) === 'none') return null;
  const { value } = await reader.stats(queryWithin(query, window), size);
  return { window, stats: value };
}

/** The numbers of the overview, with those that they are compared with. */
export async function readCounted({ reader, query, format }: UsageView): Promise<Counted> {
  const size = bucketSizeOf(query);
  const [{ value: stats }, compared] = await Promise.all([
    reader.stats(query, size),
    readCompared(reader, query, size, format.timeZone),
  ]);
  return { stats, compared };
}
