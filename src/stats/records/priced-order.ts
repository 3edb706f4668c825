import type { PricedCalls } from '../pricing/priced-calls.ts';
import { BYTES_AN_ID } from '../pricing/row-tokens.ts';

/** Calls in the order of what they cost and, where that is the same, of their ids; those without a price come before all others, and so last from the dearest on. */
export type PricedOrder = {
  count: number;
  /** So many calls after the first ones, in reading order; `cost` is null where one has no price. */
  calls: (from: { descending: boolean; skip: number; take: number }) => { id: string; cost: number | null }[];
  /** What a call costs, null where it has no price; undefined where it is none of them. */
  costOf: (id: string) => number | null | undefined;
  /** How many calls are before a place in reading order, and one that stands just there. */
  upTo: (place: { cost: number | null; id: string }, descending: boolean) => number;
};

const NO_PRICE = Number.NEGATIVE_INFINITY;

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const idOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

export function pricedOrder(calls: readonly PricedCalls[]): PricedOrder {
  const count = calls.reduce((sum, { costs }) => sum + costs.length, 0);
  const costs = new Float64Array(count);
  const ids = Buffer.alloc(count * BYTES_AN_ID);
  let next = 0;
  for (const some of calls) {
    costs.set(
      some.costs.map((cost) => (Number.isNaN(cost) ? NO_PRICE : cost)),
      next,
    );
    ids.set(some.ids, next * BYTES_AN_ID);
    next += some.costs.length;
  }
  const ascending = costs.slice().sort();
  const bytesAt = (call: number) => ids.subarray(call * BYTES_AN_ID, (call + 1) * BYTES_AN_ID);
  const asNumber = (cost: number | null) => cost ?? NO_PRICE;
  return {
    count,
    // Only the calls between two costs are put in order by themselves: which costs these are is told by the costs alone.
    calls: ({ descending, skip, take }) => {
      const [first, end] = descending ? [count - skip - take, count - skip] : [skip, skip + take];
      const [low, high] = [Math.max(0, first), Math.min(count, end)];
      if (low >= high) return [];
      const [least, most] = [ascending[low] as number, ascending[high - 1] as number];
      const between: number[] = [];
      costs.forEach((cost, call) => {
        if (cost >= least && cost <= most) between.push(call);
      });
      between.sort(
        (a, b) => compared(costs[a] as number, costs[b] as number) || Buffer.compare(bytesAt(a), bytesAt(b)),
      );
      const below = ascending.indexOf(least);
      const found = between
        .slice(low - below, high - below)
        .map((call) => ({ id: idOf(bytesAt(call)), cost: known(costs[call] as number) }));
      return descending ? found.reverse() : found;
    },
    costOf: (id) => {
      const wanted = bytesOf(id);
      for (let call = 0; call < count; call++) {
        if (!wanted.equals(bytesAt(call))) continue;
        return known(costs[call] as number);
      }
      return undefined;
    },
    upTo: (place, descending) => {
      const [cost, id] = [asNumber(place.cost), bytesOf(place.id)];
      let passed = 0;
      costs.forEach((one, call) => {
        const order = compared(one, cost) || Buffer.compare(bytesAt(call), id);
        if (descending ? order >= 0 : order <= 0) passed += 1;
      });
      return passed;
    },
  };
}

const known = (cost: number): number | null => (cost === NO_PRICE ? null : cost);

/** Not their difference: that of two costs without a price is no number. */
const compared = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
