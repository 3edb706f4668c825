import type { Cursor } from '../../query/cursor.ts';
import type { UsageFilter } from '../../query/filter.ts';
import { SORTS } from '../../query/sorts.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { addTime, earliest, latest, parseInstant, type Window } from '../../units/time.ts';
import type { UsageSource } from '../source.ts';
import { readCounts, readTotals } from '../stats.ts';
import type { Sums } from '../sums.ts';
import { fetchRows, type Order, type Slice } from './record-rows.ts';
import type { ListedRow } from './uncounted.ts';
import { readUnits, refine, stretchesOf, totalOf, unitsFor } from './units-of-time.ts';

/** The records of one action or model. */
type Group = { value: string; requests: number; filter: UsageFilter };

/**
 * Pages in an order whose last column is the time, at any depth: the counts of hours tell where a page begins, so that
 * only its own hours are read. Sorted by action or model, the groups follow each other, each in order of time.
 */
export async function readByTime(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  order: Order,
  { skip, take, cursor }: Omit<Slice, 'sortAll'>,
): Promise<{ rows: ListedRow[]; total: Sums }> {
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
