import { type MicroEuros, microEuros, minus, NO_EUROS, plus } from '../units/money.ts';
import { noSums, type Sums, sumOf, totalTokens } from './sums.ts';

/**
 * Why a cost changed, in whole micro-euros. `volume`: more or fewer requests, were everything else as before. `mix`: they
 * went to other models. `tokens`: each request had more or fewer tokens. `price`: each token cost more or less.
 */
export type Causes = { volume: MicroEuros; mix: MicroEuros; tokens: MicroEuros; price: MicroEuros };

export type WhyRow = Causes & { key: string; now: MicroEuros; before: MicroEuros };

export type Why = { total: Omit<WhyRow, 'key'>; rows: WhyRow[] };

/**
 * Splits the difference between two windows by model (any key does), the rows that moved it most first. Each row's causes
 * add up to its difference and each cause to that of the total, exactly: a row goes from before to now in four steps, each
 * rounded to a micro-euro, and a cause is the difference of two of them.
 */
export function whyOf(now: Map<string, Sums>, before: Map<string, Sums>): Why {
  const requestsNow = sumOf([...now.values()]).requests;
  const requestsBefore = sumOf([...before.values()]).requests;
  const rows = [...new Set([...now.keys(), ...before.keys()])].map((key): WhyRow => {
    const a = before.get(key) ?? noSums();
    const b = now.get(key) ?? noSums();
    return { key, now: b.cost, before: a.cost, ...causesOf(a, b, requestsBefore, requestsNow) };
  });
  const moved = (row: WhyRow) => Math.abs(row.now - row.before);
  rows.sort((a, b) => moved(b) - moved(a) || (a.key < b.key ? -1 : 1));
  return { total: sumOfRows(rows), rows };
}

const NO_CAUSES: Causes = { volume: NO_EUROS, mix: NO_EUROS, tokens: NO_EUROS, price: NO_EUROS };

function causesOf(before: Sums, now: Sums, requestsBefore: number, requestsNow: number): Causes {
  // Out of nothing comes volume alone: there is no mix, length or price to compare with.
  if (requestsBefore === 0) return { ...NO_CAUSES, volume: minus(now.cost, before.cost) };
  const withVolume = scaled(before.cost, requestsNow, requestsBefore);
  const isNew = before.requests === 0;
  // What a model that is new costs has no price before: all of it is the mix.
  const withMix = isNew ? now.cost : scaled(before.cost, now.requests, before.requests);
  // Without tokens before (images, speech) there is no price of a token: what is left is the price of a request.
  const withTokens =
    isNew || totalTokens(before) === 0 ? withMix : scaled(before.cost, totalTokens(now), totalTokens(before));
  return {
    volume: minus(withVolume, before.cost),
    mix: minus(withMix, withVolume),
    tokens: minus(withTokens, withMix),
    price: minus(now.cost, withTokens),
  };
}

/** Half a billion euros: beyond it (a token that cost millions) steps are cut, so that every sum of them stays exact. */
const LARGEST_STEP = 2 ** 49;

/** cost × part ÷ whole to the nearest micro-euro, halves away from zero, in integers that do not overflow. */
function scaled(cost: MicroEuros, part: number, whole: number): MicroEuros {
  // The half takes the sign of the product: a refund has a negative cost, and may have negative tokens.
  const product = BigInt(cost) * BigInt(whole < 0 ? -part : part);
  const divisor = BigInt(Math.abs(whole));
  const half = product < 0n ? -(divisor / 2n) : divisor / 2n;
  const exact = Number((product + half) / divisor);
  return microEuros(Math.max(-LARGEST_STEP, Math.min(LARGEST_STEP, exact)));
}

/** The sum of some rows, to show as one. */
export function sumOfRows(rows: Omit<WhyRow, 'key'>[]): Omit<WhyRow, 'key'> {
  const total = { now: NO_EUROS, before: NO_EUROS, ...NO_CAUSES };
  for (const row of rows)
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] = plus(total[name], row[name]);
  return total;
}
