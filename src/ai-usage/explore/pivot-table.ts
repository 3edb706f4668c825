import { RECORDS_PATH } from '../../query/paths.ts';
import { sameUrl, type UsageQuery, usageUrl } from '../../query/query.ts';
import { isRepricedPivot, type Line, type Pivot, type PivotSums } from '../../stats/explore/pivot.ts';
import { type Cell, columnPrinter } from '../../tables/cells.ts';
import { heatOf } from '../../tables/heat.ts';
import { REFUNDED } from '../../tables/sum-columns.ts';
import type { Table } from '../../tables/table.ts';
import { type Format, hasShares } from '../../units/format.ts';
import { EXPLORE_PATH } from './asked.ts';
import { AXIS_WORDS, nameCell, narrowedTo, narrowedToBoth, narrowedToOthers, othersText, queryOf } from './axes.ts';
import { amountOf, MEASURE_WORDS, noCostOf } from './measures.ts';

type Narrowed = ReturnType<typeof narrowedTo>;

/** So many characters are two lines of a column as wide as its figures. */
const SHORT_HEADING = 14;

/** Two axes against each other as a table: the darker a cell the more, each with its share of the whole and the way to its records. */
export function pivotTable(pivot: Pivot, query: UsageQuery, format: Format): Table {
  const { rows, columns, cells, total } = pivot;
  const noCost = noCostOf(pivot);
  const { timeZone } = format;
  const { adds, kind, figure, label } = MEASURE_WORDS[query.measure];
  const value = (sums: PivotSums) => amountOf(query.measure, sums);
  const heat = heatOf(cells.flat().map((sums) => (sums === null ? 0 : (value(sums) ?? 0))));
  const whole = value(total);

  const narrowing = (axis: 'rows' | 'columns', lines: Line[]) => {
    const named = lines.flatMap(({ key }) => key ?? []);
    return lines.map(
      ({ key }): Narrowed =>
        key === null
          ? axis === 'columns' || query.page === 1
            ? narrowedToOthers(query[axis], named, query)
            : null
          : narrowedTo(query[axis], key, query, timeZone),
    );
  };
  const ofRows = narrowing('rows', rows);
  const ofColumns = narrowing('columns', columns);
  const records = (narrowed: Narrowed) =>
    narrowed === null ? undefined : sameUrl(RECORDS_PATH, { ...queryOf(narrowed, query), page: 1, counted: null });

  // Of each column of figures, the last of which holds the totals of rows.
  const printers = [...columns.map((line, j) => [line, ...cells.map((row) => row[j] ?? null)]), [total, ...rows]].map(
    (column) =>
      columnPrinter(
        kind,
        column.map((sums) => sums && value(sums)),
        format,
      ),
  );

  const figureCell = (sums: PivotSums, column: number): Cell => {
    const found = figure(sums, noCost);
    if ('none' in found)
      return isRepricedPivot(pivot) && found.none === noCost ? { text: noCost } : { text: '', said: found.none };
    const share =
      adds && whole !== null && hasShares(found.value, whole) ? format.share(found.value, whole) : undefined;
    return { text: '', ...printers[column]?.(found.value), note: share };
  };
  const cellOf = (sums: PivotSums | null, row: number, column: number): Cell => {
    if (sums === null) return { text: '', said: 'no calls' };
    const both = narrowedToBoth(ofRows[row] ?? null, ofColumns[column] ?? null);
    return { ...figureCell(sums, column), level: heat(value(sums) ?? 0), href: records(both) };
  };
  const rowName = (line: Line, i: number): Cell => {
    if (line.key === null)
      return { text: othersText(query.rows, line.count, format), href: otherRows(pivot, query), narrows: true };
    const narrowed = ofRows[i] ?? null;
    const href = narrowed === null ? undefined : sameUrl(EXPLORE_PATH, { ...queryOf(narrowed, query), page: 1 });
    return { ...nameCell(query.rows, line.key, query, format), href, narrows: href !== undefined };
  };
  const heading = ({ key, count }: Line, j: number) =>
    key === null
      ? { label: othersText(query.columns, count, format), href: otherColumns(ofColumns[j] ?? null, query) }
      : { label: AXIS_WORDS[query.columns].heading(key, format) };
  const isRefunded =
    kind === 'euros' && [...rows, ...columns, ...cells.flat()].some((one) => one !== null && one.cost < 0);
  return {
    caption: `${label} by ${AXIS_WORDS[query.rows].label.toLowerCase()} and ${AXIS_WORDS[query.columns].label.toLowerCase()}`,
    head: [
      { label: AXIS_WORDS[query.rows].label, numeric: false },
      // Beside the names, so that they are in sight however many columns follow.
      { label: 'Total', numeric: true },
      ...columns.map(heading).map((one) => ({ ...one, numeric: true, isLong: one.label.length > SHORT_HEADING })),
    ],
    rows: rows.map((line, i) => ({
      cells: [
        rowName(line, i),
        { ...figureCell(line, columns.length), href: records(ofRows[i] ?? null) },
        ...columns.map((_, j) => cellOf(cells[i]?.[j] ?? null, i, j)),
      ],
      faint: line.key === null,
    })),
    total: [
      { text: 'Total' },
      { ...figureCell(total, columns.length), href: records({ change: {}, window: null }) },
      ...columns.map((line, j) => ({ ...figureCell(line, j), href: records(ofColumns[j] ?? null) })),
    ],
    notes: [...notesOf(query, adds), ...(isRefunded ? [REFUNDED] : [])],
    inLines: false,
  };
}

/** The page of rows beside this one, which names others of them. */
const otherRows = ({ rowCount }: Pivot, query: UsageQuery) =>
  usageUrl(EXPLORE_PATH, query, { page: query.page + (query.page * query.pageSize < rowCount ? 1 : -1) });

/** The other columns by themselves, or where no filter means them all columns as rows, page by page. */
const otherColumns = (others: Narrowed, query: UsageQuery) =>
  others === null
    ? usageUrl(EXPLORE_PATH, query, { rows: query.columns, columns: query.rows })
    : usageUrl(EXPLORE_PATH, queryOf(others, query));

/** What has to be said of figures that do not add up, and of what is not there. */
function notesOf({ rows, columns, measure }: UsageQuery, adds: boolean): string[] {
  const isStory = measure === 'costPerStory';
  const calendar = [rows, columns].some((axis) => axis === 'day' || axis === 'week' || axis === 'month');
  return [
    ...(adds
      ? []
      : [
          `Totals are of the whole row or column, and no average of its cells${isStory ? '; a story counts once in each' : ''}.`,
        ]),
    ...(calendar ? ['What has no calls is left out.'] : []),
  ];
}
