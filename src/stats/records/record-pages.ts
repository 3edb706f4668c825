import { inTurn } from '../../db/in-turn.ts';
import type { UsageFilter } from '../../query/filter.ts';
import type { UsageQuery } from '../../query/query.ts';
import { addTime, isOfNoTime, isTime, type Window } from '../../units/time.ts';
import type { PriceList } from '../pricing/price-list.ts';
import type { UsageSource } from '../source.ts';
import { readTotals } from '../stats.ts';
import type { Sums } from '../sums.ts';
import { depthOf, type Gap, isInGap, isNear } from './record-reach.ts';
import { fetchRows, isByTime, type Order, type Slice, selectRows } from './record-rows.ts';
import { type RecordRow, recordOf, type UsageRecord } from './records.ts';
import { isPricedOrder, readByPrice } from './records-by-price.ts';
import { readByTime } from './records-by-time.ts';
import { countRolledUp } from './rolled-up.ts';
import { type ListedRow, readUncounted } from './uncounted.ts';

/** Windows of no more records are read as the source is at this moment (docs/decisions/deep-pages.md). */
export const READ_AS_THEY_ARE = 10_000;

type PageQuery = Pick<UsageQuery, 'sortBy' | 'sortOrder' | 'page' | 'pageSize' | 'cursor'>;

/**
 * `gap`: pages that have no number in this order; `inGap` where the page asked for is one of them, and can only be walked to
 * by its neighbours. Whether a page has neighbours is asked of the rows themselves: counts change while someone walks.
 * `uncounted`: the ids of records that `total` does not count yet; null where the rollups have changed since it was read, and
 * the page is to be read again.
 */
export type RecordPage = {
  records: UsageRecord[];
  total: Sums;
  hasPrevious: boolean;
  hasNext: boolean;
  gap: Gap | null;
  inGap: boolean;
  uncounted: string[] | null;
  /** Of an order by the price list what each record costs in a cursor; null of every other order. */
  cursorCosts: ReadonlyMap<string, string> | null;
};

/** When the records of a page were made, as windows of one of them each; those without a time are left out. */
export const momentsOf = ({ records }: RecordPage) =>
  records
    .filter(({ createdAt }) => isTime(createdAt))
    .map(({ createdAt }) => ({ from: createdAt, to: addTime(createdAt, 1n) }));

/** One page of records and what all pages hold together; in order of cost by a price list, where one is given and each call can be priced for it. */
export async function readRecords(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  query: PageQuery,
  list: PriceList | null,
): Promise<RecordPage> {
  const isPriced = async () => isPricedOrder(query, (await readTotals(source, window, filter)).requests);
  if (list !== null && query.sortBy === 'estimatedCostInEuros' && (await isPriced())) {
    const skip = query.cursor ? 0 : (query.page - 1) * query.pageSize;
    const slice = { skip, take: rowsFor(query), cursor: query.cursor };
    const { rows, total, cursorCosts } = await readByPrice(source, window, filter, orderOf(query), slice, list);
    return { ...pageOf(rows, total, query, null), cursorCosts };
  }
  // Rollups have none of those without a time, and there are few.
  if (isOfNoTime(window)) return readAsItIs(source, window, filter, query);
  const counted = await countRolledUp(source, window);
  if (counted !== null && counted <= READ_AS_THEY_ARE) return readAsItIs(source, window, filter, query);
  return readRolledUp(source, window, filter, query);
}

function orderOf({ sortBy, sortOrder, cursor }: PageQuery): Order {
  return { sortBy, descending: (sortOrder === 'desc') !== (cursor?.direction === 'before') };
}

/** A page of a long window: its sum, and where it begins in time, are what the rollups count. */
export async function readRolledUp(
  opened: UsageSource,
  window: Window,
  filter: UsageFilter,
  query: PageQuery,
): Promise<RecordPage> {
  const source = { ...opened, endsRead: new Map() };
  const page = async (rows: ListedRow[], total: Sums, gap: Gap | null): Promise<RecordPage> => {
    const shown = pageOf(rows, total, query, gap);
    return { ...shown, uncounted: await readUncounted(source, window, filter, rows.slice(0, query.pageSize)) };
  };
  const skip = query.cursor ? 0 : (query.page - 1) * query.pageSize;
  const order = orderOf(query);
  if (isByTime(query.sortBy)) {
    const { rows, total } = await readByTime(source, window, filter, order, {
      skip,
      take: rowsFor(query),
      cursor: query.cursor,
    });
    return page(rows, total, null);
  }
  const total = await readTotals(source, window, filter);
  const { gap, sortAll } = await depthOf(source.workflows, filter, query, total.requests);
  if (!query.cursor && isInGap(gap, query.page))
    return {
      records: [],
      total,
      hasPrevious: false,
      hasNext: false,
      gap,
      inGap: true,
      uncounted: [],
      cursorCosts: null,
    };
  const fetch = (order: Order, slice: Slice) => fetchRows(source.workflows, window, [window], filter, order, slice);
  const behind = total.requests - skip - query.pageSize;
  if (query.cursor || isNear(skip) || behind >= skip) {
    const slice = { skip, take: rowsFor(query), cursor: query.cursor };
    return page(await fetch(order, { ...slice, sortAll: sortAll && !isNear(skip) }), total, gap);
  }
  // From the end that is nearer: the last page costs what the first one does.
  const take = Math.min(query.pageSize, total.requests - skip);
  const rows =
    take <= 0
      ? []
      : await fetch(
          { ...order, descending: !order.descending },
          {
            skip: Math.max(0, behind - 1),
            take: behind > 0 ? take + 1 : take,
            cursor: null,
            sortAll: sortAll && !isNear(behind),
          },
        );
  return page(rows.reverse(), total, gap);
}

/** The list and its sum in one snapshot of the source: rows that the rollups do not know yet are in both, in every order. */
async function readAsItIs(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  query: PageQuery,
): Promise<RecordPage> {
  const { page, pageSize, cursor } = query;
  return source.workflows.transaction(
    async (transaction) => {
      const workflows = inTurn(transaction);
      const total = await readTotals({ ...source, workflows, coveredUntil: null }, window, filter);
      const skip = cursor ? 0 : (page - 1) * pageSize;
      if (skip > 0 && skip >= total.requests) return pageOf([], total, query, null);
      const slice = { skip, take: rowsFor(query), cursor, sortAll: false };
      const { rows, orderBy } = selectRows(workflows, [window], filter, orderOf(query), slice);
      return pageOf(await rows.orderByRaw(orderBy), total, query, null);
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/** One row more than the page shows tells whether another page follows. */
const rowsFor = ({ pageSize }: PageQuery) => pageSize + 1;

function pageOf(rows: RecordRow[], total: Sums, { page, pageSize, cursor }: PageQuery, gap: Gap | null): RecordPage {
  const backwards = cursor?.direction === 'before';
  const more = rows.length > pageSize;
  const records = rows.slice(0, pageSize).map(recordOf);
  return {
    records: backwards ? records.reverse() : records,
    total,
    hasPrevious: backwards ? more : cursor !== null || page > 1,
    hasNext: backwards || more,
    gap,
    inGap: false,
    uncounted: [],
    cursorCosts: null,
  };
}
