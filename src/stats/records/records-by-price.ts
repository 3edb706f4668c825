import { inTurn } from '../../db/in-turn.ts';
import type { Cursor } from '../../query/cursor.ts';
import type { UsageFilter } from '../../query/filter.ts';
import { costFromNumeric, eurosText, microEuros } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import type { PriceList } from '../pricing/price-list.ts';
import { MOST_CALLS_PRICED, readPricedCalls } from '../pricing/priced-calls.ts';
import type { UsageSource } from '../source.ts';
import { readTotals } from '../stats.ts';
import type { Count, Sums } from '../sums.ts';
import { type PricedOrder, pricedOrder } from './priced-order.ts';
import type { Order, Slice } from './record-rows.ts';
import { COLUMNS_OF_A_RECORD, type RecordRow } from './records.ts';

/** In a cursor, for a call without a price. */
const NO_PRICE = 'NaN';

/** Whether an order of so many calls can be that of what they cost by a price list: each is priced for it. */
export const isPricedOrder = ({ sortBy }: Pick<Order, 'sortBy'>, calls: Count): boolean =>
  sortBy === 'estimatedCostInEuros' && calls <= MOST_CALLS_PRICED;

/**
 * The records of a window in the order of what they cost by a price list, and their sum, in one snapshot of the source: each call is priced for it. `cursorCosts`: what a cursor
 * beside each of them says that it costs.
 */
export async function readByPrice(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  { descending }: Order,
  { skip, take, cursor }: Pick<Slice, 'skip' | 'take' | 'cursor'>,
  list: PriceList,
): Promise<{ rows: RecordRow[]; total: Sums; cursorCosts: Map<string, string> }> {
  return source.workflows.transaction(
    async (transaction) => {
      const workflows = inTurn(transaction);
      const total = await readTotals({ ...source, workflows, coveredUntil: null }, window, filter);
      const order = pricedOrder(await readPricedCalls({ ...source, workflows }, window, filter, list, 'record'));
      const passed = cursor === null ? skip : passedBy(cursor, order, descending);
      const calls = order.calls({ descending, skip: passed, take });
      const rows: RecordRow[] = await workflows('token_usage_tracking')
        .whereIn(
          'token_usage_id',
          calls.map(({ id }) => id),
        )
        .select(COLUMNS_OF_A_RECORD);
      const byId = new Map(rows.map((row) => [row.token_usage_id, row]));
      return {
        rows: calls.flatMap(({ id }) => byId.get(id) ?? []),
        total,
        cursorCosts: new Map(calls.map(({ id, cost }) => [id, costText(cost)])),
      };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

const costText = (cost: number | null) => (cost === null ? NO_PRICE : eurosText(microEuros(cost)));

/** Where the record beside a cursor stands by the prices of now; one that is gone by what it cost when the cursor was made. */
function passedBy({ values: [text = NO_PRICE], id }: Cursor, order: PricedOrder, descending: boolean): number {
  const known = order.costOf(id);
  return order.upTo({ cost: known === undefined ? costFromNumeric(text) : known, id }, descending);
}
