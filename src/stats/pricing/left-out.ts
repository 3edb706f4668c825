import { written } from '../../catalog/written.ts';
import type { Format } from '../../units/format.ts';
import type { Unpriced } from './repriced.ts';

const MOST_NAMED = 5;

/** What the costs of the price list leave out, as a sentence; null where that is nothing. */
export function leftOutText({ requests, models }: Unpriced, format: Format): string | null {
  if (requests === 0) return null;
  const more = models.length > MOST_NAMED ? ` and ${format.integer(models.length - MOST_NAMED)} more models` : '';
  const names = models.slice(0, MOST_NAMED).map(written).join(', ');
  return `Left out of these costs, for the price list has no price: ${format.integer(requests)} ${requests === 1 ? 'call' : 'calls'} of ${names}${more}.`;
}

/** The same in a few words behind others, such as "12 calls without a price left out"; null where that is nothing. */
export const leftOutCount = (unpriced: Unpriced | null, format: Format): string | null =>
  unpriced === null || unpriced.requests === 0
    ? null
    : `${format.integer(unpriced.requests)} ${unpriced.requests === 1 ? 'call' : 'calls'} without a price left out`;
