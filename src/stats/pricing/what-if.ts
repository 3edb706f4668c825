import { providerOf } from '../../catalog/models.ts';
import type { Day } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { type MicroEuros, microEuros, plus } from '../../units/money.ts';
import { type Sums, sumOf } from '../sums.ts';
import type { PriceList } from './price-list.ts';
import type { RepricedStats } from './repriced.ts';
import type { RowPrice } from './row-price.ts';

/** What the tokens of some calls would cost at one model's prices; `cost` is both parts. */
type Candidate = { model: string; provider: string; input: MicroEuros; output: MicroEuros; cost: MicroEuros };

/** Calls that are priced by tokens in and out, and what they would cost at the prices of each such model. */
export type WhatIf = {
  /** By the price list as it is: what the others are compared with. */
  now: Sums;
  /** Calls priced in another way (by image or characters), or not at all: they stay what they are. */
  others: number;
  /** The cheapest first. */
  candidates: Candidate[];
};

/** The price of a call of few tokens, in euros per token; null where it is not one by tokens in and out. */
function tokenPrice(list: PriceList, model: string, action: string, day: Day): RowPrice | null {
  const price = list.priceOf(model, action, day);
  const last = 'missing' in price ? undefined : price.tiers.at(-1)?.price;
  return last !== undefined && last.perOutput > 0 && last.perImage === 0 ? last : null;
}

/** Tokens at a price, halves up. */
function costOf(tokens: number, perToken: bigint, scale: bigint): MicroEuros {
  const doubled = 2n * BigInt(tokens) * perToken + scale;
  const by = 2n * scale;
  const quotient = doubled / by;
  return microEuros(Number(doubled < 0n && doubled % by !== 0n ? quotient - 1n : quotient));
}

/**
 * What the same tokens would cost at the prices that models have on a day. Sums of tokens are priced and not each call by itself: a call's rounding
 * (half a micro-euro at most) and prices of large requests are left out.
 */
export function whatIf(stats: RepricedStats, list: PriceList, day: Day): WhatIf {
  const isByTokens = new Map<string, boolean>();
  const moves = ({ model, action, noNumber }: RepricedStats['cells'][number]): boolean => {
    if (noNumber > 0) return false;
    const name = `${action}\0${model}`;
    const known = isByTokens.get(name) ?? tokenPrice(list, model, action, day) !== null;
    isByTokens.set(name, known);
    return known;
  };
  const now = sumOf(stats.cells.filter(moves));
  const candidates = list.models.flatMap((model): Candidate[] => {
    const price = tokenPrice(list, model, '', day);
    if (price === null) return [];
    const { perInput, perOutput, scale } = price.exact;
    const input = costOf(now.inputTokens, perInput, scale);
    const output = costOf(now.outputTokens, perOutput, scale);
    return [{ model, provider: providerOf(model), input, output, cost: plus(input, output) }];
  });
  return {
    now,
    others: stats.total.requests - now.requests,
    candidates: candidates.sort((a, b) => a.cost - b.cost || byCodePoint(a.model, b.model)),
  };
}
