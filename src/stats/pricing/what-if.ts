import { providerOf } from '../../catalog/models.ts';
import type { Day } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { type MicroEuros, microEuros, minus, NO_EUROS, plus } from '../../units/money.ts';
import { type Sums, sumOf, type UsageCell } from '../sums.ts';
import type { PriceList } from './price-list.ts';
import type { RepricedStats } from './repriced.ts';
import type { RowPrice, TokenRate } from './row-price.ts';

/** What the tokens of some calls would cost at one model's prices; `cost` is both parts. `hasCachedPrice`: whether it has one of cached input. */
type Candidate = {
  model: string;
  provider: string;
  input: MicroEuros;
  output: MicroEuros;
  cost: MicroEuros;
  hasCachedPrice: boolean;
};

/** Calls that are priced by tokens in and out, and what they would cost at the prices of each such model. */
export type WhatIf = {
  /** By the price list as it is. */
  now: Sums;
  /** The same with as many tokens in cached as is assumed: what the others are compared with. */
  assumed: MicroEuros;
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

/** A percentage of tokens as so many of them, halves up. */
const shareOf = (tokens: number, percent: number) => costOf(tokens, BigInt(percent), 100n);

/** What tokens in cost where some of them were cached; those at the price of all where none is of cached ones. */
function costOfInput(tokens: number, cached: number, { exact }: RowPrice, cachedRate: TokenRate | null): MicroEuros {
  const { perInput, scale } = exact;
  if (cachedRate === null || cached === 0) return costOf(tokens, perInput, scale);
  return plus(costOf(tokens - cached, perInput, scale), costOf(cached, cachedRate.perToken, cachedRate.scale));
}

/**
 * What the same tokens would cost at the prices that models have on a day, were so many percent of the tokens in cached. Sums of tokens are
 * priced and not each call by itself: a call's rounding (half a micro-euro at most) and prices of large requests are left out.
 */
export function whatIf(stats: RepricedStats, list: PriceList, day: Day, percentCached: number): WhatIf {
  const isByTokens = new Map<string, boolean>();
  const moves = ({ model, action, noNumber }: UsageCell): boolean => {
    if (noNumber > 0) return false;
    const name = `${action}\0${model}`;
    const known = isByTokens.get(name) ?? tokenPrice(list, model, action, day) !== null;
    isByTokens.set(name, known);
    return known;
  };
  const moving = stats.cells.filter(moves);
  const now = sumOf(moving);
  const cached = shareOf(now.inputTokens, percentCached);
  const candidates = list.models.flatMap((model): Candidate[] => {
    const price = tokenPrice(list, model, '', day);
    if (price === null) return [];
    const cachedRate = list.cachedRateOf(model, '', day);
    const input = costOfInput(now.inputTokens, cached, price, cachedRate);
    const output = costOf(now.outputTokens, price.exact.perOutput, price.exact.scale);
    const about = { model, provider: providerOf(model), hasCachedPrice: cachedRate !== null };
    return [{ ...about, input, output, cost: plus(input, output) }];
  });
  return {
    ...{ now, others: stats.total.requests - now.requests },
    assumed: percentCached === 0 ? now.cost : minus(now.cost, savedBy(moving, list, percentCached)),
    candidates: candidates.sort((a, b) => a.cost - b.cost || byCodePoint(a.model, b.model)),
  };
}

/** What cells of days would have cost less, had so many percent of their tokens in been cached. */
function savedBy(cells: UsageCell[], list: PriceList, percentCached: number): MicroEuros {
  return cells.reduce((saved, { model, action, bucket, inputTokens }) => {
    const day = bucket as Day;
    const price = tokenPrice(list, model, action, day);
    const cachedRate = list.cachedRateOf(model, action, day);
    if (price === null || cachedRate === null) return saved;
    const all = costOfInput(inputTokens, 0, price, null);
    return plus(saved, minus(all, costOfInput(inputTokens, shareOf(inputTokens, percentCached), price, cachedRate)));
  }, NO_EUROS);
}
