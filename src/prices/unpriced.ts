import type { PriceList } from '../stats/pricing/price-list.ts';
import { addTo, type Count, noSums, type Sums, type UsageCell } from '../stats/sums.ts';
import { compareDays, type Day } from '../units/calendar.ts';
import { byCodePoint } from '../units/code-points.ts';

/** A model with calls that no price is for: those calls, the first day of them, and whether others of it have one. */
export type Unpriced = Sums & { model: string; since: Day; isPartly: boolean };

/** By model, of cells of business days, those with most calls first; and the calls that have a price, but no exchange rate, from which day on. */
export type Missing = { models: Unpriced[]; withoutRate: { requests: Count; since: Day } | null };

export function missingOf(cells: readonly UsageCell[], { priceOf }: PriceList): Missing {
  const found = new Map<string, Unpriced>();
  const priced = new Set<string>();
  let withoutRate: Missing['withoutRate'] = null;
  for (const cell of cells) {
    const { model, action } = cell;
    const day = cell.bucket as Day;
    const price = priceOf(model, action, day);
    if ('missing' in price && price.missing === 'price') {
      const one = found.get(model) ?? { ...noSums(), model, since: day, isPartly: false };
      if (compareDays(day, one.since) < 0) one.since = day;
      addTo(one, cell);
      found.set(model, one);
      continue;
    }
    priced.add(model);
    if (!('missing' in price)) continue;
    withoutRate ??= { requests: 0, since: day };
    withoutRate.requests += cell.requests;
    if (compareDays(day, withoutRate.since) < 0) withoutRate.since = day;
  }
  const models = [...found.values()]
    .map((one) => ({ ...one, isPartly: priced.has(one.model) }))
    .sort((a, b) => b.requests - a.requests || byCodePoint(a.model, b.model));
  return { models, withoutRate };
}
