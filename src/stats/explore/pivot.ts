import type { UsageFilter } from '../../query/filter.ts';
import type { Axis, Measure } from '../../query/view.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { NO_EUROS } from '../../units/money.ts';
import { NO_TIME, type Window } from '../../units/time.ts';
import type { PriceList } from '../pricing/price-list.ts';
import { readRepricedStats, type Unpriced, unpricedOf } from '../pricing/repriced.ts';
import { addRepricedHours } from '../pricing/repriced-week.ts';
import type { UsageSource } from '../source.ts';
import { readCells } from '../stats.ts';
import { addTo, noSums, type Sums, totalTokens } from '../sums.ts';
import { type Grain, grainOf, keysOn, type Place } from './places.ts';
import { countStoriesByLine } from './stories-by-line.ts';
import { readSumsByPlace } from './sums-by-place.ts';

/** The sums of some records; `noNumber` of them have a cost that is no number, and `stories` is null where nobody asked. */
export type PivotSums = Sums & { noNumber: number; stories: number | null };

/** A row or a column: one key, or all that are not named one by one (`key` null), so many of them. */
export type Line = PivotSums & { key: string | null; count: number };

/**
 * What two axes have against each other. Cells of a row add up to the row, those of a column to the column, and all to the total:
 * what is not named stands in one line of its own. Stories do not add up, and are counted in each. A cell without records is null.
 */
export type Pivot = {
  rows: Line[];
  columns: Line[];
  cells: (PivotSums | null)[][];
  total: PivotSums;
  rowCount: number;
};

/** Which lines are named one by one: rows from `skipped` on. Files ask for all. */
export type PivotAsked = {
  rows: Axis;
  columns: Axis;
  measure: Measure;
  skipped: number;
  mostRows: number;
  mostColumns: number;
};

/** The same where each call costs what the price list says; `noNumber` are then those that no price is for, which are in no cost. */
export type RepricedPivot = Pivot & { unpriced: Unpriced };

export const isRepricedPivot = (pivot: Pivot): pivot is RepricedPivot => 'unpriced' in pivot;

const noPivotSums = (): PivotSums => ({ ...noSums(), noNumber: 0, stories: null });

function addMore(sums: PivotSums, more: Sums, noNumber: number): void {
  addTo(sums, more);
  sums.noNumber += noNumber;
}

const isOfCalendar = (axis: Axis) => axis === 'day' || axis === 'week' || axis === 'month';

/** What the names on an axis are ordered by, the most first: amounts by themselves, averages by the cost that they are of. */
const RANKED_BY: Record<Measure, (sums: Sums) => number> = {
  cost: ({ cost }) => cost,
  requests: ({ requests }) => requests,
  inputTokens: ({ inputTokens }) => inputTokens,
  outputTokens: ({ outputTokens }) => outputTokens,
  totalTokens,
  costPerRequest: ({ cost }) => cost,
  costPerStory: ({ cost }) => cost,
  costPerMillionTokens: ({ cost }) => cost,
};

/** The keys of an axis in the order of its rows: names by the measure, hours and weekdays as they follow each other, days newest first. */
function ordered(axis: Axis, sums: Map<string, PivotSums>, measure: Measure): string[] {
  const keys = [...sums.keys()];
  if (isOfCalendar(axis)) return keys.sort((a, b) => byTime(b, a));
  if (axis === 'hour' || axis === 'weekday')
    return keys.sort((a, b) => (a === NO_TIME ? 1 : 0) - (b === NO_TIME ? 1 : 0) || Number(a) - Number(b));
  const rank = (key: string) => RANKED_BY[measure](sums.get(key) as PivotSums);
  return keys.sort((a, b) => rank(b) - rank(a) || byCodePoint(a, b));
}

const byTime = (a: string, b: string) =>
  a === NO_TIME || b === NO_TIME ? Number(a === NO_TIME) - Number(b === NO_TIME) : compareDays(a, b);

/** Lines for some keys, and one for all others where there are any. */
function linesOf(named: string[], sums: Map<string, PivotSums>): { lines: Line[]; lineOf: (key: string) => number } {
  const places = new Map(named.map((key, i) => [key, i]));
  const lines: Line[] = named.map((key) => ({ ...(sums.get(key) as PivotSums), key, count: 1 }));
  const others = sums.size - named.length;
  if (others > 0) {
    const rest: Line = { ...noPivotSums(), key: null, count: others };
    for (const [key, more] of sums) if (!places.has(key)) addMore(rest, more, more.noNumber);
    lines.push(rest);
  }
  return { lines, lineOf: (key) => places.get(key) ?? named.length };
}

function sumsAt<Key>(all: Map<Key, PivotSums>, key: Key): PivotSums {
  let sums = all.get(key);
  if (sums === undefined) {
    sums = noPivotSums();
    all.set(key, sums);
  }
  return sums;
}

/** What a window and filter have by two axes: by a price list, or as recorded where that is null. */
export async function readPivot(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  { rows, columns, measure, skipped, mostRows, mostColumns }: PivotAsked,
  list: PriceList | null,
): Promise<Pivot | RepricedPivot> {
  const grain = grainOf([rows, columns]);
  const rowOf = keysOn(rows);
  const columnOf = keysOn(columns);
  const total = noPivotSums();
  const byRow = new Map<string, PivotSums>();
  const byColumn = new Map<string, PivotSums>();
  const byBoth = new Map<string, Map<string, PivotSums>>();
  const add = (place: Place, sums: Sums, noNumber: number) => {
    const [row, column] = [rowOf(place), columnOf(place)];
    addMore(total, sums, noNumber);
    addMore(sumsAt(byRow, row), sums, noNumber);
    addMore(sumsAt(byColumn, column), sums, noNumber);
    let ofRow = byBoth.get(row);
    if (ofRow === undefined) {
      ofRow = new Map();
      byBoth.set(row, ofRow);
    }
    addMore(sumsAt(ofRow, column), sums, noNumber);
  };
  const unpriced = list === null ? null : await readRepricedByPlace(source, window, filter, grain, list, add);
  if (list === null) await readSumsByPlace(source, window, filter, grain, add);

  const namedRows = ordered(rows, byRow, measure).slice(skipped, skipped + mostRows);
  const first = ordered(columns, byColumn, measure).slice(0, mostColumns);
  const namedColumns = isOfCalendar(columns) ? first.reverse() : first;
  const { lines: rowLines, lineOf: rowLine } = linesOf(namedRows, byRow);
  const { lines: columnLines, lineOf: columnLine } = linesOf(namedColumns, byColumn);
  const cells = rowLines.map(() => columnLines.map((): PivotSums | null => null));
  for (const [row, ofRow] of byBoth) {
    const line = cells[rowLine(row)] as (PivotSums | null)[];
    for (const [column, sums] of ofRow) {
      const at = columnLine(column);
      const cell = line[at] ?? noPivotSums();
      addMore(cell, sums, sums.noNumber);
      line[at] = cell;
    }
  }
  if (measure === 'costPerStory') {
    const lineOf = (place: Place) => ({ row: rowLine(rowOf(place)), column: columnLine(columnOf(place)) });
    const size = { rows: rowLines.length, columns: columnLines.length };
    const stories = await countStoriesByLine(source, window, filter, grain, lineOf, size);
    total.stories = stories.total;
    rowLines.forEach((line, i) => {
      line.stories = stories.rows[i] ?? 0;
    });
    columnLines.forEach((line, i) => {
      line.stories = stories.columns[i] ?? 0;
    });
    cells.forEach((line, i) => {
      line.forEach((cell, j) => {
        if (cell !== null) cell.stories = stories.cells[i]?.[j] ?? 0;
      });
    });
  }
  const pivot = { rows: rowLines, columns: columnLines, cells, total, rowCount: byRow.size };
  return unpriced === null ? pivot : { ...pivot, unpriced };
}

/** The sums of places by a price list; returns what that has no price for. */
async function readRepricedByPlace(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  grain: Grain,
  list: PriceList,
  add: (place: Place, sums: Sums, noNumber: number) => void,
): Promise<Unpriced> {
  if (grain.hours) {
    const cells = await readCells(source, window, filter, 'day');
    const unpriced = cells.filter(
      ({ action, model, bucket }) => bucket === NO_TIME || 'missing' in list.priceOf(model, action, bucket as Day),
    );
    // Of the calls of an hour those are without a price that are not told to have a cost.
    await readSumsByPlace(source, window, filter, grain, (place, sums) =>
      add(place, { ...sums, cost: NO_EUROS }, sums.requests),
    );
    await addRepricedHours(source, window, filter, list, (place, { cost, calls }) =>
      add(place, { ...noSums(), cost }, -calls),
    );
    return unpricedOf(unpriced);
  }
  const { cells, unpriced } = await readRepricedStats(source, window, filter, 'day', list);
  for (const cell of cells)
    add({ action: cell.action, model: cell.model, day: cell.bucket, hour: null }, cell, cell.noNumber);
  return unpriced;
}
