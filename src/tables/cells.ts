import type { Format } from '../units/format.ts';
import { type MicroEuros, NO_NUMBER } from '../units/money.ts';
import { type Instant, isoFromInstant, isTime, NO_TIME } from '../units/time.ts';
import type { Cell } from './table.ts';

/** The makers of cells that are numbers, as they are printed. */
export function cellsOf(format: Format) {
  return {
    integer: (count: number): Cell => ({ text: format.integer(count) }),
    euros: (micro: MicroEuros): Cell => ({
      text: format.euros(micro),
      // An average has more digits than there is money.
      exact: format.exactEuros(micro),
    }),
    /** The cost of one record, which may be none. */
    cost: (micro: MicroEuros | null): Cell =>
      micro === null ? { text: NO_NUMBER } : { text: format.euros(micro), exact: format.exactEuros(micro) },
    /** All six decimals. */
    exactEuros: (micro: MicroEuros): Cell => ({
      text: format.exactEuros(micro),
    }),
    /** A difference in cost with its percentage; `isNew` where there was nothing before. */
    change: (now: MicroEuros, before: MicroEuros, isNew: boolean): Cell => ({
      text: format.eurosChange(now - before),
      exact: format.exactEuros(now - before),
      note: isNew ? 'new' : format.shareChange(now, before) || undefined,
    }),
    share: (part: number, total: number): Cell => ({
      text: format.share(part, total),
    }),
    /** Microseconds. */
    duration: (length: bigint): Cell => ({
      text: format.duration(length),
    }),
    instant: (instant: Instant): Cell =>
      isTime(instant) ? { text: format.shortInstant(instant), time: isoFromInstant(instant) } : { text: NO_TIME },
  };
}

export const average = (total: number, count: number): number => (count === 0 ? 0 : total / count);

/** Euros per million tokens, as micro-euros; 0 without tokens. */
export function costPerMillionTokens(cost: MicroEuros, tokens: number): MicroEuros {
  return tokens === 0 ? 0 : (cost / 1_000_000) * (1_000_000 / tokens) * 1_000_000;
}
