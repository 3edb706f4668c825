import type { UsageFilter } from '../../query/filter.ts';
import type { Day } from '../../units/calendar.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';
import { isOfNoTime, type Window } from '../../units/time.ts';
import { bucketFromPostgres, bucketSql } from '../rollups/source-buckets.ts';
import type { UsageSource } from '../source.ts';
import type { Count } from '../sums.ts';
import type { PriceList } from './price-list.ts';
import { costOfRows } from './row-price.ts';
import { type Owners, readRowTokensOf } from './row-tokens.ts';

/** What calls cost that have a price, day by day too, and how many those are. */
export type RepricedSums = { cost: MicroEuros; requests: Count; days: Map<Day, MicroEuros> };

/** What some authors or stories cost by a price list, each of their calls by itself, from the records; those without a priced call are left out. */
export async function readRepricedSums(
  { workflows, timeZone }: UsageSource,
  window: Window,
  filter: UsageFilter,
  owners: Owners,
  list: PriceList,
): Promise<Map<string, RepricedSums>> {
  const sums = new Map<string, RepricedSums>();
  if (owners.ids.length === 0 || list.isEmpty || isOfNoTime(window)) return sums;
  const tokens = await readRowTokensOf(workflows, owners, window, filter, bucketSql('day', timeZone));
  for (const { owner, bucket, action, model, inputs, outputs } of tokens) {
    const day = bucketFromPostgres(bucket, 'day') as Day;
    const price = list.priceOf(model, action, day);
    if ('missing' in price) continue;
    const known = sums.get(owner) ?? { cost: NO_EUROS, requests: 0, days: new Map() };
    const cost = costOfRows(price.tiers, inputs, outputs);
    known.days.set(day, plus(known.days.get(day) ?? NO_EUROS, cost));
    sums.set(owner, { ...known, cost: plus(known.cost, cost), requests: known.requests + inputs.length });
  }
  return sums;
}
