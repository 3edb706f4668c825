import type { UsageQuery } from '../../query/query.ts';
import type { RepricedStats } from '../../stats/pricing/repriced.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Format } from '../../units/format.ts';
import { microEuros, minus } from '../../units/money.ts';
import { differenceOf, totalOf } from './repriced-tables.ts';

/** Whether the price list tells anything of some calls. */
export const hasPrices = ({ total, unpriced }: RepricedStats): boolean => unpriced.requests < total.requests;

/** "€1.85 by the price list, €0.65 (26.0%) less than the €2.50 that were recorded of the same calls." */
export function sentenceOf(total: ReturnType<typeof totalOf>, format: Format): string {
  const difference = differenceOf(total);
  const recorded = minus(total.repriced, difference);
  const share = recorded > 0 ? ` (${format.share(Math.abs(difference) / recorded, 1)})` : '';
  const more = `${format.euros(microEuros(Math.abs(difference)))}${share} ${difference < 0 ? 'less' : 'more'} than the`;
  const than = difference === 0 ? 'exactly the' : more;
  return `${format.euros(total.repriced)} by the price list, ${than} ${format.euros(recorded)} that were recorded of the same calls.`;
}

/** The same in a line of another page; null where there are no prices at all, or no calls. */
export async function repricedLine(reader: UsageReader, query: UsageQuery, format: Format): Promise<string | null> {
  if ((await reader.prices()).isEmpty) return null;
  const { value } = await reader.repriced(query, 'day');
  if (value.total.requests === 0) return null;
  const { requests } = value.unpriced;
  if (!hasPrices(value)) return 'The price list has no price for any of these calls.';
  const others = requests === 0 ? '' : ` ${format.integer(requests)} more ${requests === 1 ? 'has' : 'have'} no price.`;
  return sentenceOf(totalOf(value), format) + others;
}
