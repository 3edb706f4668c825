import type { Knex } from 'knex';
import type { Databases } from '../../db/connect.ts';
import { type UsageFilter, whereUsage } from '../../query/filter.ts';
import { type MicroEuros, NoNumber } from '../../units/money.ts';
import { ahead } from '../../units/promises/ahead.ts';
import { handled } from '../../units/promises/handled.ts';
import type { Window } from '../../units/time.ts';
import { withoutRows } from '../memory/memory.ts';
import type { PriceList } from '../pricing/price-list.ts';
import { readPricedCalls } from '../pricing/priced-calls.ts';
import { openSnapshot, type Snapshot } from '../snapshot.ts';
import type { UsageSource } from '../source.ts';
import { readTotals } from '../stats.ts';
import { pricedOrder } from './priced-order.ts';
import { type Prompt, readPrompts } from './prompts.ts';
import { type Order, orderSql } from './record-rows.ts';
import { TEXT_OF_A_RECORD } from './record-text.ts';
import { isPricedOrder } from './records-by-price.ts';

/**
 * All records of a query as one snapshot sees them, in order, batch by batch, and the prompts of those that are asked for. `total` is known before the first batch and
 * is what all of them add up to; `asShown` whether pages say the same, which they do not while the rollups know nothing of
 * records that were added late or deleted. Whoever opens it closes it: that ends what the database is doing for it.
 */
export type RecordStream = {
  total: { rows: number; cost: MicroEuros };
  asShown: boolean;
  /** Whether they are in the order of what they cost by the price list. */
  isByPrice: boolean;
  /** Of texts that record-text.ts reads. */
  batches: AsyncGenerator<string[]>;
  prompts: (ids: string[]) => Promise<Map<string, Prompt>>;
  close: () => Promise<void>;
};

/** Small enough to be gone before the garbage collector takes it for something that stays. */
const A_BATCH = 1_000;

/** `list`: in order of cost by it, where each call can be priced for that; null for recorded costs. */
type WantedRecords = { source: UsageSource; window: Window; filter: UsageFilter; order: Order; list: PriceList | null };

/**
 * Counts every single row first, which takes a third of a second a million: only that is true of what follows in the same
 * snapshot. When `gone` aborts, whatever the database is doing for it is cancelled.
 */
export async function openRecordStream(
  databases: Databases,
  asked: WantedRecords,
  gone: AbortSignal,
): Promise<RecordStream> {
  const snapshot = await openSnapshot(databases, databases.exports, gone);
  try {
    const source = sourceWithin(snapshot.transaction, asked.source);
    const counted = (of: UsageSource) => snapshot.begin(handled(readTotals(of, asked.window, asked.filter)));
    const shown = await counted(source).catch((error) => {
      if (error instanceof NoNumber) return null;
      throw error;
    });
    const total = await counted({ ...source, coveredUntil: null });
    const asShown = shown !== null && shown.requests === total.requests && shown.cost === total.cost;
    const byPrice = isPricedOrder(asked.order, total.requests) ? asked.list : null;
    const batches =
      byPrice === null ? await openCursor(snapshot, asked) : await openPriced(snapshot, source, asked, byPrice);
    const prompts = (ids: string[]) => readPrompts(snapshot, ids);
    const isByPrice = byPrice !== null;
    const { close } = snapshot;
    return { total: { rows: total.requests, cost: total.cost }, asShown, isByPrice, batches, prompts, close };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

/** The source as the snapshot sees it: with no memory of raw rows. */
const sourceWithin = (snapshot: Knex, source: UsageSource): UsageSource => ({
  ...source,
  workflows: snapshot,
  memory: withoutRows(source.memory),
  endsRead: new Map(),
});

async function openCursor(
  { transaction, begin }: Snapshot,
  { window, filter, order }: WantedRecords,
): Promise<AsyncGenerator<string[]>> {
  const { sql, bindings } = transaction('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select(transaction.raw(TEXT_OF_A_RECORD))
    .orderByRaw(orderSql(order).orderBy)
    .toSQL();
  await begin(transaction.raw(`DECLARE records NO SCROLL CURSOR FOR ${sql}`, bindings as Knex.RawBinding[]));
  const fetch = async () => {
    const fetching = transaction
      .raw<{ rows: [string][] }>(`FETCH ${A_BATCH} FROM records`)
      .options({ rowMode: 'array' });
    return (await begin(fetching)).rows.map(([text]) => text);
  };
  return batchesOf(fetch);
}

/** In the order of what each call costs by a price list. */
async function openPriced(
  { transaction, begin }: Snapshot,
  { timeZone }: UsageSource,
  { window, filter, order: { descending } }: WantedRecords,
  list: PriceList,
): Promise<AsyncGenerator<string[]>> {
  const from = { workflows: transaction, timeZone };
  const order = pricedOrder(await begin(handled(readPricedCalls(from, window, filter, list, 'record'))));
  const ids = order.calls({ descending, skip: 0, take: order.count }).map(({ id }) => id);
  let next = 0;
  return batchesOf(async () => {
    const some = ids.slice(next, next + A_BATCH);
    next += A_BATCH;
    if (some.length === 0) return [];
    const fetching = transaction
      .raw<{ rows: [string][] }>(
        `SELECT ${TEXT_OF_A_RECORD} FROM unnest(?::uuid[]) WITH ORDINALITY AS wanted (id, place)
           JOIN token_usage_tracking ON token_usage_id = wanted.id ORDER BY wanted.place`,
        [some],
      )
      .options({ rowMode: 'array' });
    return (await begin(fetching)).rows.map(([text]) => text);
  });
}

async function batchesOf(fetch: () => Promise<string[]>): Promise<AsyncGenerator<string[]>> {
  // Before anything is answered, so that a database that fails at once is an error and not half a file.
  const first = await fetch();

  return ahead(
    (async function* () {
      for (let batch = first; batch.length > 0; ) {
        yield batch;
        batch = batch.length < A_BATCH ? [] : await fetch();
      }
    })(),
  );
}
