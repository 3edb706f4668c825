import { type Names, readNames } from '../../catalog/names.ts';
import { queryWithin, type UsageQuery } from '../../query/query.ts';
import { recordedOf } from '../../stats/pricing/repriced.ts';
import type { DayCosts } from '../../stats/stories/day-costs.ts';
import type { TopBy } from '../../stats/stories/story-sums.ts';
import { sumOf } from '../../stats/sums.ts';
import type { UsageSources } from '../frame/sources.ts';
import { type Breakdown, breakdownOfTop, MOST_ROWS, type Part } from './breakdowns.ts';
import type { Counted } from './compare.ts';

/**
 * The authors or stories after `skipped` by recorded costs, for no others are known of them, and what they were before; with their names
 * and, on a page, which keeps those, what they cost day by day.
 */
export async function readTopBreakdown(
  { databases, reader }: UsageSources,
  query: UsageQuery,
  by: TopBy,
  counted: Promise<Counted>,
  { skipped = 0, most = MOST_ROWS, isPage = true }: Part & { isPage?: boolean } = {},
): Promise<{ breakdown: Breakdown; names: Names; dayCosts: DayCosts | null }> {
  const [{ value: first }, { compared }] = await Promise.all([reader.top(query, by, skipped + most), counted]);
  const rows = first.rows.slice(skipped);
  const top = { ...first, rows, other: sumOf([...first.rows.slice(0, skipped), first.other]) };
  const keys = rows.map(({ key }) => key);
  const earlier = compared === null ? null : queryWithin(query, compared.window);
  const [names, before, dayCosts] = await Promise.all([
    readNames(
      databases,
      { authors: by === 'author' ? keys : [], stories: by === 'story' ? keys : [] },
      { keep: isPage },
    ),
    earlier === null ? null : reader.sumsOf(earlier, by, keys),
    isPage ? reader.dayCostsOf(query, by, keys) : null,
  ]);
  const then =
    compared === null || before === null ? null : { rows: before.value, total: recordedOf(compared.stats).total };
  return { breakdown: breakdownOfTop(by, top, then), names, dayCosts: dayCosts?.value ?? null };
}
