import type { Format } from '../units/format.ts';
import type { MicroEuros } from '../units/money.ts';
import type { Cell } from './table.ts';

/** Cells of numbers, the same in every table. */
export const integerCell = (count: number, format: Format): Cell => ({ text: format.integer(count) });

export const eurosCell = (micro: MicroEuros, format: Format): Cell => ({
  text: format.euros(micro),
  // An average has more digits than there is money.
  value: String(Math.round(micro) / 1_000_000),
});

/** A difference in cost with its percentage; `isNew` where there was nothing before. */
export function changeCell(now: MicroEuros, before: MicroEuros, isNew: boolean, format: Format): Cell {
  return {
    text: format.eurosChange(now - before),
    value: String((now - before) / 1_000_000),
    note: isNew ? 'new' : format.shareChange(now, before) || undefined,
  };
}

export const average = (total: number, count: number): number => (count === 0 ? 0 : total / count);

/** Euros per million tokens, as micro-euros; 0 without tokens. */
export function costPerMillionTokens(cost: MicroEuros, tokens: number): MicroEuros {
  return tokens === 0 ? 0 : (cost / 1_000_000) * (1_000_000 / tokens) * 1_000_000;
}
