import type { Knex } from 'knex';
import { inTurn } from '../../db/in-turn.ts';
import { columns } from '../../db/tables.ts';
import type { Cursor } from '../../query/cursor.ts';
import { type UsageFilter, whereFilter, whereWithin } from '../../query/filter.ts';
import type { UsageQuery } from '../../query/query.ts';
import { SORT_COLUMNS, SORTS } from '../../query/sorts.ts';
import { byCodePoint } from '../../units/code-points.ts';
import {
  addTime,
  earliest,
  isOfNoTime,
  latest,
  parseInstant,
  postgresFromInstant,
  type Window,
} from '../../units/time.ts';
import type { UsageSource } from '../source.ts';
import { readCounts, readTotals } from '../stats.ts';
import type { Sums } from '../sums.ts';
import { depthOf, type Gap, isInGap, isNear } from './record-reach.ts';
import { RECORD_COLUMNS, type RecordRow, recordOf, type UsageRecord } from './records.ts';
import { countRolledUp } from './rolled-up.ts';
import { type ListedRow, readUncounted, withKin } from './uncounted.ts';
import { readUnits, refine, stretchesOf, totalOf, unitsFor } from './units-of-time.ts';

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
};

/** One page of records and what all pages hold together. */
export async function readRecords(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  query: PageQuery,
): Promise<RecordPage> {
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
    const { rows, total } = await readByTime(source, window, filter, order, skip, query);
    return page(rows, total, null);
  }
  const total = await readTotals(source, window, filter);
  const { gap, sortAll } = await depthOf(source.workflows, filter, query, total.requests);
  if (!query.cursor && isInGap(gap, query.page))
    return { records: [], total, hasPrevious: false, hasNext: false, gap, inGap: true, uncounted: [] };
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

/** Whether an order ends in order of time, so that counts of hours find its pages. */
function isByTime(sortBy: UsageQuery['sortBy']): boolean {
  return SORTS[sortBy].some((column) => column === 'createdAt');
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
  };
}

export type Order = { sortBy: UsageQuery['sortBy']; descending: boolean };
/** What orders by cost and tokens are made of. */
const SORTED_COLUMNS = columns(
  'token_usage_tracking',
  'token_usage_id',
  'input_tokens',
  'output_tokens',
  'estimated_cost_in_euros',
);
type Slice = { skip: number; take: number; cursor: Cursor | null; sortAll: boolean };

/** An order as SQL; ids make it total. */
export function orderSql({ sortBy, descending }: Order): { expressions: string[]; orderBy: string } {
  const expressions = [...SORTS[sortBy].map((column) => SORT_COLUMNS[column].sql), 'token_usage_id'];
  const direction = descending ? 'DESC' : 'ASC';
  return { expressions, orderBy: expressions.map((expression) => `${expression} ${direction}`).join(', ') };
}

/** The records of some stretches of a window in an order, from the cursor on or after skipping some, with their kin. */
async function fetchRows(
  workflows: Knex,
  window: Window,
  stretches: Window[],
  filter: UsageFilter,
  order: Order,
  slice: Slice,
): Promise<ListedRow[]> {
  const { rows, orderBy } = selectRows(workflows, stretches, filter, order, slice);
  return withKin(workflows, rows, window).orderByRaw(orderBy);
}

/** The rows of a page, yet to be ordered by `orderBy`. */
function selectRows(
  workflows: Knex,
  stretches: Window[],
  filter: UsageFilter,
  order: Order,
  { skip, take, cursor, sortAll }: Slice,
): { rows: Knex.QueryBuilder; orderBy: string } {
  const { expressions, orderBy } = orderSql(order);
  const matching = workflows('token_usage_tracking').modify(whereWithin, stretches).modify(whereFilter, filter);
  // Materialized, or PostgreSQL may follow the index of the order past millions of others.
  const all: Knex.QueryBuilder = sortAll
    ? workflows.withMaterialized('matching', matching.select(SORTED_COLUMNS)).from('matching')
    : matching;
  const page = all.orderByRaw(orderBy).offset(skip).limit(take);
  if (cursor) {
    // A row comparison over the very columns of the order: an index on them continues at the cursor.
    const casts = [...SORTS[order.sortBy].map((column) => `?::${SORT_COLUMNS[column].type}`), '?::uuid'];
    const comparison = order.descending ? '<' : '>';
    page.whereRaw(`(${expressions.join(', ')}) ${comparison} (${casts.join(', ')})`, [
      ...valuesOf(cursor, order),
      cursor.id,
    ]);
  }
  if (!isByTime(order.sortBy)) {
    // Ids first: the recommended index holds all that the filter and order need, so only the page's own rows are fetched.
    const rows = workflows('token_usage_tracking').whereIn('token_usage_id', page.select('token_usage_id'));
    return { rows: rows.select(RECORD_COLUMNS), orderBy };
  }
  const rows = workflows.select('*').from(page.select(RECORD_COLUMNS).as('page'));
  return { rows, orderBy };
}

/** The values of a cursor as PostgreSQL reads them. */
function valuesOf({ values }: Cursor, { sortBy }: Order): string[] {
  return SORTS[sortBy].map((column, i) => {
    const value = values[i] ?? '';
    const instant = column === 'createdAt' ? parseInstant(value) : null;
    return instant === null ? value : postgresFromInstant(instant);
  });
}

/** The records of one action or model. */
type Group = { value: string; requests: number; filter: UsageFilter };

/**
 * Pages in an order whose last column is the time, at any depth: the counts of hours tell where a page begins, so that
 * only its own hours are read. Sorted by action or model, the groups follow each other, each in order of time.
 */
async function readByTime(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  order: Order,
  skip: number,
  query: PageQuery,
) {
  const { cursor } = query;
  const take = rowsFor(query);
  const [column] = SORTS[order.sortBy];
  if (column !== 'action' && column !== 'aiModel') {
    const units = await readUnits(source, cursor ? beyond(window, cursor, order) : window, filter);
    const rows = await readFromUnits(source, window, units, filter, order, { skip, take, cursor, sortAll: false });
    return { rows, total: cursor ? await readTotals(source, window, filter) : totalOf(units) };
  }

  const [groups, total] = await Promise.all([
    readGroups(source, window, filter, order, column),
    readTotals(source, window, filter),
  ]);
  const rows: ListedRow[] = [];
  let rest = skip;
  for (const group of groups) {
    const here = cursor?.values[0] === group.value ? cursor : null;
    if (cursor && !here && isPassed(group.value, cursor, order)) continue;
    if (!cursor && rest >= group.requests) {
      rest -= group.requests;
      continue;
    }
    const units = await readUnits(source, here ? beyond(window, here, order) : window, group.filter);
    rows.push(
      ...(await readFromUnits(source, window, units, group.filter, order, {
        skip: rest,
        take: take - rows.length,
        cursor: here,
        sortAll: false,
      })),
    );
    rest = 0;
    if (rows.length >= take) break;
  }
  return { rows, total };
}

async function readFromUnits(
  source: UsageSource,
  window: Window,
  ascending: Awaited<ReturnType<typeof readUnits>>,
  filter: UsageFilter,
  order: Order,
  slice: Slice,
): Promise<ListedRow[]> {
  const directed = (units: typeof ascending) => (order.descending ? [...units].reverse() : units);
  const all = directed(ascending);
  // Rows may have gone, or share the cursor's instant: where too few come back, look further.
  for (let take = slice.take; ; take *= 8) {
    const coarse = unitsFor(all, slice.skip, take);
    const fine = directed(await refine(source, [...coarse.units], filter));
    const { units, skip } = unitsFor(fine, coarse.skip, take);
    if (units.length === 0) return [];
    const rows = await fetchRows(source.workflows, window, stretchesOf(units), filter, order, { ...slice, skip });
    const reachedEnd = coarse.units.at(-1) === all.at(-1) && units.at(-1) === fine.at(-1);
    if (rows.length >= slice.take || reachedEnd) return rows;
  }
}

/** The part of a window from the cursor on, in reading direction. */
function beyond(window: Window, cursor: Cursor, { descending }: Order): Window {
  const at = parseInstant(cursor.values.at(-1) ?? '') ?? window.to;
  if (descending) return { from: window.from, to: earliest(window.to, addTime(at, 1n)) };
  return { from: latest(window.from ?? at, at), to: latest(window.to, at) };
}

function isPassed(value: string, { values }: Cursor, { descending }: Order): boolean {
  const at = values[0] ?? '';
  return descending ? byCodePoint(value, at) > 0 : byCodePoint(value, at) < 0;
}

/** The groups of a filter's records in order, with how many each has. */
async function readGroups(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  order: Order,
  column: 'action' | 'aiModel',
): Promise<Group[]> {
  const counts = await readCounts(source, window, filter, column === 'action' ? 'action' : 'model');
  const groups = [...counts]
    .sort(([a], [b]) => byCodePoint(a, b))
    .map(([value, requests]) => ({
      value,
      requests,
      filter: column === 'action' ? { ...filter, actions: [value] } : { ...filter, models: [value] },
    }));
  return order.descending ? groups.reverse() : groups;
}
