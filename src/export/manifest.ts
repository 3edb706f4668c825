import { eurosText } from '../units/money.ts';
import { isoFromInstant } from '../units/time.ts';
import type { Manifest } from './table.ts';

/** What programs read of a manifest; euros as text with six decimals. */
export function manifestOf({ title, filters, from, to, timeZone, asOf, rows, cost }: Manifest) {
  return {
    title,
    filters,
    from: from === null ? null : isoFromInstant(from),
    to: isoFromInstant(to),
    timeZone,
    asOf: isoFromInstant(asOf),
    rows,
    totalCost: eurosText(cost),
  };
}

export function manifestJson(manifest: Manifest): string {
  return JSON.stringify(manifestOf(manifest));
}
