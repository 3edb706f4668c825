import { type Names, readNames } from '../../catalog/names.ts';
import { queryWithin, type UsageQuery } from '../../query/query.ts';
import { howManyPriced, MOST_CALLS_PRICED } from '../../stats/pricing/priced-calls.ts';
import { isRepriced } from '../../stats/pricing/repriced.ts';
import type { RepricedSums } from '../../stats/pricing/repriced-sums.ts';
import type { DayCosts } from '../../stats/stories/day-costs.ts';
import type { TopBy } from '../../stats/stories/story-sums.ts';
import type { Top } from '../../stats/stories/top.ts';
import { noSums, restOf, sumOf } from '../../stats/sums.ts';
import type { Format } from '../../units/format.ts';
import { NO_EUROS } from '../../units/money.ts';
import { BEGIN_OF_TIME } from '../../units/time.ts';
import type { UsageSources } from '../frame/sources.ts';
import { BREAKDOWNS, type Breakdown, breakdownOfTop, MOST_ROWS, type Part } from './breakdowns.ts';
import type { Counted } from './compare.ts';

/**
 * Some authors or stories with their names and, on a page, which keeps those, what they cost day by day. `cut`: how many stand among the
 * others by the price list, for they have too many calls to be priced one by one.
 */
export type TopBreakdown = { breakdown: Breakdown; names: Names; dayCosts: DayCosts | null; cut: number };

/** The authors or stories after `skipped` in the order of what was recorded, and what they were before. */
export async function readTopBreakdown(
  { databases, reader }: UsageSources,
  query: UsageQuery,
  by: TopBy,
  counted: Promise<Counted>,
  { skipped = 0, most = MOST_ROWS, isPage = true }: Part & { isPage?: boolean } = {},
): Promise<TopBreakdown> {
  const [{ value: first }, { stats, compared }] = await Promise.all([reader.top(query, by, skipped + most), counted]);
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
    earlier === null ? null : reader.sumsOf(earlier, by, keys).then(({ value }) => value),
    isPage && query.cost === 'recorded' ? reader.dayCostsOf(query, by, keys).then(({ value }) => value) : null,
  ]);
  const then = compared === null || before === null ? null : { rows: before, total: compared.stats.total };
  if (!isRepriced(stats)) return { breakdown: breakdownOfTop(by, top, then), names, dayCosts, cut: 0 };

  const calls = rows.map(({ requests }) => requests);
  const callsBefore = keys.map((key) => before?.get(key)?.requests ?? 0);
  const few = rows.slice(0, Math.min(howManyPriced(calls), howManyPriced(callsBefore)));
  const fewKeys = few.map(({ key }) => key);
  const [costs, costsBefore] = await Promise.all([
    reader.repricedOf(query, by, fewKeys),
    earlier === null ? null : reader.repricedOf(earlier, by, fewKeys),
  ]);
  const priced: Top = {
    ...top,
    rows: few.map((row) => ({ ...row, ...costOf(costs.value, row.key) })),
    other: noSums(),
  };
  priced.other = restOf(stats.total, priced.rows);
  const pricedBefore = new Map(
    fewKeys.map((key) => [key, { ...(before?.get(key) ?? noSums()), ...costOf(costsBefore?.value, key) }]),
  );
  const breakdown = breakdownOfTop(by, priced, then && { ...then, rows: pricedBefore }, {
    ofKey: (key, requests) => Math.max(0, requests - (costs.value.get(key)?.requests ?? 0)),
    total: stats.unpriced.requests,
  });
  return { breakdown, names, dayCosts: byDay(costs.value, query), cut: rows.length - few.length };
}

/** What they cost day by day; all days of the window are told. */
const byDay = (costs: Map<string, RepricedSums>, { window: { from, to } }: UsageQuery): DayCosts => ({
  ...{ from: from ?? BEGIN_OF_TIME, to },
  of: new Map([...costs].map(([key, { days }]) => [key, days])),
});

const costOf = (costs: Map<string, RepricedSums> | undefined, key: string) => ({
  cost: costs?.get(key)?.cost ?? NO_EUROS,
});

/** What a table of them has to say of itself where its costs are those of the price list; null where that is nothing. */
export function aboutTop({ breakdown: { by }, cut }: TopBreakdown, query: UsageQuery, format: Format): string | null {
  if (query.cost !== 'repriced') return null;
  const { one, many } = BREAKDOWNS[by].others;
  const order = query.rankBy === 'cost' ? [`The ${many} stand in the order of their recorded costs.`] : [];
  const others = cut === 1 ? `1 more ${one} stands` : `${format.integer(cut)} more ${many} stand`;
  const left = `${others} among the others: a list prices ${format.integer(MOST_CALLS_PRICED)} calls one by one, and theirs are more.`;
  return [...order, ...(cut > 0 ? [left] : [])].join(' ') || null;
}
