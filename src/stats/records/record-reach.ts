import type { Knex } from 'knex';
import { splitFilter, type UsageFilter } from '../../query/filter.ts';
import type { UsageQuery } from '../../query/query.ts';
import { SORT_COLUMNS, SORTS } from '../../query/sorts.ts';
import type { Format } from '../../units/format.ts';
import { existingIndexes, RECOMMENDED_INDEXES } from '../indexes.ts';

/**
 * How far page numbers reach in orders of cost and tokens, where the records before a page have to be passed one by one. It
 * is counted from the nearer end, and set by what two seconds hold at ten million rows (docs/decisions/deep-pages.md).
 */
const ANYWHERE_RECORDS = 10_000;
/** Entries of an index in that order. */
const PASSED_ENTRIES = 2_500_000;
/** Records that are fetched and sorted in one go. */
const SORTED_RECORDS = 150_000;

/** Whether a record lies so near to an end that its page opens in any order and state of the source. */
export const isNear = (skip: number): boolean => skip <= ANYWHERE_RECORDS;

/** Pages that exist and cannot be opened by their number, the first and the last of them. */
export type Gap = { from: number; to: number };

/** `sortAll`: the records of the filter are so few among those of the index that sorting them is the faster way. */
export type Depth = { gap: Gap | null; sortAll: boolean };

type AskedPage = Pick<UsageQuery, 'sortBy' | 'page' | 'pageSize'>;

/** How deep pages by cost or tokens are read, for a filter with `total` records. */
export async function depthOf(workflows: Knex, filter: UsageFilter, asked: AskedPage, total: number): Promise<Depth> {
  if (isNear(total)) return { gap: null, sortAll: false };
  const { rows, indexed } = await readShape(workflows, asked.sortBy);
  const followsIndex = indexed && splitFilter(filter).raw.length === 0;
  const passable = followsIndex ? (PASSED_ENTRIES * total) / Math.max(rows, total) : 0;
  if (total <= SORTED_RECORDS) return { gap: null, sortAll: followsIndex && total / 2 > passable };
  return { gap: gapOf(total, asked.pageSize, Math.max(ANYWHERE_RECORDS, passable)), sortAll: false };
}

/** The pages with more than `reach` records between them and either end; null when there are none. */
export function gapOf(total: number, pageSize: number, reach: number): Gap | null {
  const from = Math.floor(reach / pageSize) + 2;
  const to = Math.ceil((total - reach) / pageSize) - 1;
  return from <= to ? { from, to } : null;
}

export const isInGap = (gap: Gap | null, page: number): boolean => gap !== null && page >= gap.from && page <= gap.to;

/** What page and API say of them. */
export function gapText({ from, to }: Gap, { integer }: Pick<Format, 'integer'>): string {
  const pages = from === to ? `Page ${integer(from)} has` : `Pages ${integer(from)} to ${integer(to)} have`;
  return (
    `${pages} no number in this order: too many records lie between them and either end. Walk there by next or "after" ` +
    `from page ${integer(from - 1)}, by previous or "before" from page ${integer(to + 1)}; or narrow the filter, or sort by ` +
    'time, model or action, where every page has its number.'
  );
}

/** About how many rows the source has, and whether one of its indexes has the order. */
async function readShape(workflows: Knex, sortBy: UsageQuery['sortBy']): Promise<{ rows: number; indexed: boolean }> {
  const [{ rows }, indexes] = await Promise.all([
    workflows.raw<{ rows: [{ about: number }] }>(
      `SELECT reltuples AS about FROM pg_class WHERE oid = 'token_usage_tracking'::regclass`,
    ),
    existingIndexes(workflows),
  ]);
  const [column] = SORTS[sortBy];
  const indexed = RECOMMENDED_INDEXES.some(
    ({ name, keys }) => keys[0] === SORT_COLUMNS[column].sql && indexes.has(name),
  );
  return { rows: rows[0].about, indexed };
}
