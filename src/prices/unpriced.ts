import { addTo, noSums, type Sums, type UsageCell } from '../stats/sums.ts';
import { compareDays, type Day } from '../units/calendar.ts';
import { byCodePoint } from '../units/code-points.ts';
import { pricedBy } from './fitting.ts';
import type { Price } from './store.ts';

/** A model with calls that no price is for: those calls, the first day of them, and whether others of it have one. */
export type Unpriced = Sums & { model: string; since: Day; isPartly: boolean };

/** By model, of cells of business days; those with most calls first. */
export function unpricedOf(cells: readonly UsageCell[], prices: readonly Price[]): Unpriced[] {
  const isPriced = pricedBy(prices);
  const found = new Map<string, Unpriced>();
  const priced = new Set<string>();
  for (const cell of cells) {
    const { model, action } = cell;
    const day = cell.bucket as Day;
    if (isPriced({ model, action, day })) {
      priced.add(model);
      continue;
    }
    const one = found.get(model) ?? { ...noSums(), model, since: day, isPartly: false };
    if (compareDays(day, one.since) < 0) one.since = day;
    addTo(one, cell);
    found.set(model, one);
  }
  return [...found.values()]
    .map((one) => ({ ...one, isPartly: priced.has(one.model) }))
    .sort((a, b) => b.requests - a.requests || byCodePoint(a.model, b.model));
}
