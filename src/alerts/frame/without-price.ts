import { queryOfFilter } from '../../query/filter-text.ts';
import { queryWithin } from '../../query/query.ts';
import type { WhoseCost } from '../../query/view.ts';
import type { Unpriced } from '../../stats/pricing/repriced.ts';
import { addDays, dayOf, type Instant, startOfDay } from '../../units/time.ts';
import type { AlertSources } from '../sources.ts';

/** As far back as is said. */
export const DAYS_WITHOUT_PRICE = 28;

/** The calls of a rule that no price is for, of the last days; null where recorded costs count. */
export async function readWithoutPrice(
  { reader, format: { timeZone } }: Pick<AlertSources, 'reader' | 'format'>,
  { filter, cost }: { filter: string; cost: WhoseCost },
  at: Instant,
): Promise<Unpriced | null> {
  if (cost === 'recorded') return null;
  const from = startOfDay(addDays(dayOf(at, timeZone), 1 - DAYS_WITHOUT_PRICE), timeZone);
  const { value } = await reader.repriced(
    queryWithin(queryOfFilter(filter, { timeZone }, at), { from, to: at }),
    'day',
  );
  return value.unpriced;
}
