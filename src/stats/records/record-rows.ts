import type { Knex } from 'knex';
import { columns } from '../../db/tables.ts';
import type { Cursor } from '../../query/cursor.ts';
import { type UsageFilter, whereFilter, whereWithin } from '../../query/filter.ts';
import type { UsageQuery } from '../../query/query.ts';
import { SORT_COLUMNS, SORTS } from '../../query/sorts.ts';
import { parseInstant, postgresFromInstant, type Window } from '../../units/time.ts';
import { COLUMNS_OF_A_RECORD } from './records.ts';
import { type ListedRow, withKin } from './uncounted.ts';

/** The order of a list of records; `descending` is that of reading, which goes backwards before a cursor. */
export type Order = { sortBy: UsageQuery['sortBy']; descending: boolean };
/** What orders by cost and tokens are made of. */
const SORTED_COLUMNS = columns(
  'token_usage_tracking',
  'token_usage_id',
  'input_tokens',
  'output_tokens',
  'estimated_cost_in_euros',
);
export type Slice = { skip: number; take: number; cursor: Cursor | null; sortAll: boolean };

/** An order as SQL; ids make it total. */
export function orderSql({ sortBy, descending }: Order): { expressions: string[]; orderBy: string } {
  const expressions = [...SORTS[sortBy].map((column) => SORT_COLUMNS[column].sql), 'token_usage_id'];
  const direction = descending ? 'DESC' : 'ASC';
  return { expressions, orderBy: expressions.map((expression) => `${expression} ${direction}`).join(', ') };
}

/** The records of some stretches of a window in an order, from the cursor on or after skipping some, with their kin. */
export async function fetchRows(
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
export function selectRows(
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
    return { rows: rows.select(COLUMNS_OF_A_RECORD), orderBy };
  }
  const rows = workflows.select('*').from(page.select(COLUMNS_OF_A_RECORD).as('page'));
  return { rows, orderBy };
}

/** Whether an order ends in order of time, so that counts of hours find its pages. */
export function isByTime(sortBy: UsageQuery['sortBy']): boolean {
  return SORTS[sortBy].some((column) => column === 'createdAt');
}

/** The values of a cursor as PostgreSQL reads them. */
function valuesOf({ values }: Cursor, { sortBy }: Order): string[] {
  return SORTS[sortBy].map((column, i) => {
    const value = values[i] ?? '';
    const instant = column === 'createdAt' ? parseInstant(value) : null;
    return instant === null ? value : postgresFromInstant(instant);
  });
}
