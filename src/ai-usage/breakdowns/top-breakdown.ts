import { type Names, readNames } from '../../catalog/names.ts';
import { queryWithin, type UsageQuery } from '../../query/query.ts';
import { recordedOf } from '../../stats/pricing/repriced.ts';
import type { TopBy } from '../../stats/stories/story-sums.ts';
import { sumOf } from '../../stats/sums.ts';
import type { UsageSources } from '../frame/sources.ts';
import { type Breakdown, breakdownOfTop, MOST_ROWS, type Part } from './breakdowns.ts';
import type { Counted } from './compare.ts';

/** The authors or stories after `skipped` by recorded costs, for no others are known of them; with their names, which a page keeps, and what they were before. */
export async function readTopBreakdown(
  { databases, reader }: UsageSources,
  query: UsageQuery,
  by: TopBy,
  counted: Promise<Counted>,
  { skipped = 0, most = MOST_ROWS, keep = true }: Part & { keep?: boolean } = {},
): Promise<{ breakdown: Breakdown; names: Names }> {
  const [{ value: first }, { compared }] = await Promise.all([reader.top(query, by, skipped + most), counted]);
  const rows = first.rows.slice(skipped);
  const top = { ...first, rows, other: sumOf([...first.rows.slice(0, skipped), first.other]) };
  const keys = rows.map(({ key }) => key);
  const earlier = compared === null ? null : queryWithin(query, compared.window);
  const [names, before] = await Promise.all([
    readNames(databases, { authors: by === 'author' ? keys : [], stories: by === 'story' ? keys : [] }, { keep }),
    earlier === null ? null : reader.sumsOf(earlier, by, keys),
  ]);
  const then =
    compared === null || before === null ? null : { rows: before.value, total: recordedOf(compared.stats).total };
  return { breakdown: breakdownOfTop(by, top, then), names };
}
