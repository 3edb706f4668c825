import { eurosText } from '../units/money.ts';
import { isoFromInstant, isoWindow } from '../units/time.ts';
import type { Manifest } from './table.ts';

/** What programs read of a manifest; euros as text with six decimals. */
export function manifestOf({
  title,
  filters,
  from,
  to,
  timeZone,
  asOf,
  rows,
  cost,
  unpriced,
  order,
  notes = [],
}: Manifest) {
  return {
    title,
    filters,
    ...isoWindow({ from, to }),
    timeZone,
    asOf: isoFromInstant(asOf),
    rows,
    totalCost: cost === null ? null : eurosText(cost),
    ...(unpriced === undefined ? {} : { unpriced }),
    ...(order === undefined ? {} : { order }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

export function manifestJson(manifest: Manifest): string {
  return JSON.stringify(manifestOf(manifest));
}
