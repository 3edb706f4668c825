import { type Names, readNames } from '../../catalog/names.ts';
import type { Databases } from '../../db/connect.ts';
import { queryOfFilter } from '../../query/filter-text.ts';
import { queryWithin } from '../../query/query.ts';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import { readUses, type UsedBudget } from '../../stats/budgets/read-use.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { type Sums, totalTokens } from '../../stats/sums.ts';
import { type Why, whyOf } from '../../stats/why.ts';
import type { CalendarPeriod } from '../../units/calendar-period.ts';
import type { Instant } from '../../units/time.ts';
import { comparedWith, type Digest, windowOfDays } from './period.ts';

export type DigestSources = {
  reader: UsageReader;
  databases: Pick<Databases, 'backoffice' | 'mythoria'>;
  timeZone: string;
};

/** All that a digest tells of a period, from the same numbers as every page. */
export type DigestFigures = {
  digest: Digest;
  period: CalendarPeriod;
  at: Instant;
  now: UsageStats['total'];
  before: UsageStats['total'];
  why: Why;
  dearest: (Sums & { key: string })[];
  names: Names;
  budgets: UsedBudget[];
  /** Models with requests at nothing that have tokens. */
  unpriced: (Sums & { model: string })[];
};

const MOST_STORIES = 3;

const byModel = ({ models }: UsageStats) => new Map(models.map(({ model, ...sums }) => [model, sums]));

export async function readDigest(
  { reader, databases, timeZone }: DigestSources,
  digest: Digest,
  period: CalendarPeriod,
  at: Instant,
): Promise<DigestFigures> {
  const of = (days: CalendarPeriod, filter = '') =>
    queryWithin(queryOfFilter(filter, { timeZone }, at), windowOfDays(days, timeZone));
  const [told, earlier, atNothing] = [of(period), of(comparedWith(digest, period)), of(period, 'minCost=0&maxCost=0')];
  const { now, before, top, free } = await reader.ofOneState(async (one) => {
    const [now, before, top, free] = await Promise.all([
      one.stats(told, 'day'),
      one.stats(earlier, 'day'),
      one.top(told, 'story', MOST_STORIES),
      one.stats(atNothing, 'day'),
    ]);
    return { now: now.value, before: before.value, top: top.value, free: free.value };
  });
  const dearest = top.rows.filter(({ cost }) => cost > 0);
  const [names, budgets] = await Promise.all([
    readNames(databases, { authors: [], stories: dearest.map(({ key }) => key) }),
    readBudgets(databases.backoffice).then((all) => readUses(reader, all, at, timeZone)),
  ]);
  return {
    ...{ digest, period, at, now: now.total, before: before.total, dearest, names, budgets },
    why: whyOf(byModel(now), byModel(before)),
    unpriced: free.models.filter((sums) => totalTokens(sums) > 0),
  };
}
