import type { Knex } from 'knex';
import type { UsageFilter } from '../../query/filter.ts';
import type { Day } from '../../units/calendar.ts';
import { TooMuchToCount } from '../../units/failures/too-much-to-count.ts';
import { type MicroEuros, microEuros } from '../../units/money.ts';
import { isOfNoTime, NO_TIME, type Window } from '../../units/time.ts';
import { bucketFromPostgres, bucketSql, NO_BUCKET } from '../rollups/source-buckets.ts';
import type { Count, UsageKind } from '../sums.ts';
import type { PriceList } from './price-list.ts';
import { costOfRow, tierPrice } from './row-price.ts';
import { BYTES_AN_ID, readRowTokensWith } from './row-tokens.ts';

/** What no rollup tells by the price list is told by pricing all calls of a window one by one, where they are no more than these. */
export const MOST_CALLS_PRICED = 200_000;

/** @throws TooMuchToCount where calls are too many for each to be priced by itself */
export function assertPricedOneByOne(calls: Count): void {
  if (calls <= MOST_CALLS_PRICED) return;
  throw new TooMuchToCount(
    `By the price list this is told from each call by itself, and these are more than ${MOST_CALLS_PRICED.toLocaleString('en')}. ` +
      'Choose a shorter period or another filter, or show recorded costs.',
  );
}

/** How many of the first of some that have so many calls each are priced. */
export function howManyPriced(calls: readonly Count[]): number {
  let all = 0;
  const end = calls.findIndex((some) => {
    all += some;
    return all > MOST_CALLS_PRICED;
  });
  return end === -1 ? calls.length : end;
}

/** Calls of an action and model on a business day: what each costs in micro-euros, NaN where no price is for it, and an id of each in `BYTES_AN_ID` bytes. */
export type PricedCalls = UsageKind & { day: Day | typeof NO_TIME; costs: Float64Array; ids: Uint8Array };

const ID_COLUMN = { record: 'token_usage_id', story: 'story_id', author: 'author_id' } as const;

/** Every call of a window and filter by itself, from the records: for those of MOST_CALLS_PRICED. `by`: whose id each has. */
export async function readPricedCalls(
  { workflows, timeZone }: { workflows: Knex; timeZone: string },
  window: Window,
  filter: UsageFilter,
  { priceOf }: PriceList,
  by: keyof typeof ID_COLUMN,
): Promise<PricedCalls[]> {
  const none = isOfNoTime(window);
  const bucketOfRow = none ? NO_BUCKET : bucketSql('day', timeZone);
  const tokens = await readRowTokensWith(workflows, ID_COLUMN[by], window, filter, bucketOfRow);
  return tokens.map(({ bucket, action, model, inputs, outputs, ids }) => {
    const day = none ? NO_TIME : (bucketFromPostgres(bucket, 'day') as Day);
    const price = day === NO_TIME ? null : priceOf(model, action, day);
    const costs = Float64Array.from(inputs, (input, i) =>
      price === null || 'missing' in price
        ? Number.NaN
        : costOfRow(tierPrice(price.tiers, input), input, outputs[i] as number),
    );
    return { action, model, day, costs, ids };
  });
}

/** An id as eachOwnCall() tells it. */
export const keyOfId = (id: string): string => id.replaceAll('-', '');

/** Tells of each call whose it is and what it costs, nothing where no price is for it. */
export function eachOwnCall({ costs, ids }: PricedCalls, tell: (key: string, cost: MicroEuros) => void): void {
  const bytes = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
  for (let call = 0; call < costs.length; call++) {
    const cost = costs[call] as number;
    const key = bytes.toString('hex', call * BYTES_AN_ID, (call + 1) * BYTES_AN_ID);
    tell(key, microEuros(Number.isNaN(cost) ? 0 : cost));
  }
}
