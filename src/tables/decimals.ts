import { type MicroEuros, nearestMicro } from '../units/money.ts';

const FEWEST = 2;
const MOST = 6;
const DIGITS = 3;

/**
 * How many decimals all euros of a column have, so that they stand below each other and can be compared: the least that keeps
 * three digits of the smallest. Beside a euro or more four are enough, beside ten the cents.
 */
export function decimalsOf(amounts: MicroEuros[]): number {
  const sizes = amounts.map((micro) => Math.abs(nearestMicro(micro))).filter((size) => size > 0);
  const smallest = sizes.reduce((least, size) => Math.min(least, size), Number.POSITIVE_INFINITY);
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const most = largest >= 10_000_000 ? FEWEST : largest >= 1_000_000 ? 4 : MOST;
  for (let decimals = FEWEST; decimals < most; decimals++) {
    const last = 10 ** (MOST - decimals);
    if (smallest >= last * 10 ** (DIGITS - 1) || sizes.every((size) => size % last === 0)) return decimals;
  }
  return most;
}
