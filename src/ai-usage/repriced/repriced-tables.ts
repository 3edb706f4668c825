import { actionInfo } from '../../catalog/actions.ts';
import { written } from '../../catalog/written.ts';
import type { Period } from '../../query/periods/registry.ts';
import type { QueryChange, ViewLinks } from '../../query/query.ts';
import type { RepricedStats } from '../../stats/pricing/repriced.ts';
import { bucketOf, group } from '../../stats/stats.ts';
import { noSums, type Sums, type UsageCell } from '../../stats/sums.ts';
import { changeShare } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import { compareDays } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { type MicroEuros, minus } from '../../units/money.ts';
import { NO_TIME } from '../../units/time.ts';

/** What was recorded of some calls and what the price list says; `unpriced` is the part of what was recorded that it has no price for. */
type Row = { key: string; recorded: Sums; unpriced: Sums; repriced: MicroEuros };

/** By how much the price list differs from what was recorded of the same calls: those without a price are left out. */
export const differenceOf = ({ recorded, unpriced, repriced }: Omit<Row, 'key'>): MicroEuros =>
  minus(repriced, minus(recorded.cost, unpriced.cost));

/** By what calls are told apart, a table each. */
type By = {
  title: string;
  /** What names a row: in files perhaps more than on the page. */
  columns: Pick<Column<Row>, 'name' | 'label' | 'kind' | 'only' | 'value'>[];
  keyOf: (cell: UsageCell) => string;
  order: (a: Row, b: Row) => number;
  /** How the page is narrowed to it. */
  narrowed: (key: string) => QueryChange | null;
};

const byDifference = (a: Row, b: Row) =>
  Math.abs(differenceOf(b)) - Math.abs(differenceOf(a)) ||
  b.recorded.cost - a.recorded.cost ||
  byCodePoint(a.key, b.key);

const byTime = (a: Row, b: Row) => compareDays(b.key, a.key);

/** A day or a month as a period: years of other than four digits are none. */
const periodOf = (name: string): QueryChange | null =>
  /^\d{4}-/.test(name) ? { period: name as Period, from: null, to: null } : null;

export const TABLES = {
  models: {
    title: 'By model',
    columns: [{ name: 'model', label: 'Model', kind: 'text', value: ({ key }) => written(key) }],
    keyOf: ({ model }) => model,
    order: byDifference,
    narrowed: (model) => ({ models: [model] }),
  },
  actions: {
    title: 'By action',
    columns: [
      { name: 'action', label: 'Action id', kind: 'text', only: 'file', value: ({ key }) => key },
      { name: 'actionLabel', label: 'Action', kind: 'text', value: ({ key }) => actionInfo(key).label },
    ],
    keyOf: ({ action }) => action,
    order: byDifference,
    narrowed: (action) => ({ actions: [action] }),
  },
  days: {
    title: 'By day',
    columns: [{ name: 'day', label: 'Day', kind: 'day', value: ({ key }) => (key === NO_TIME ? null : key) }],
    keyOf: bucketOf.day,
    order: byTime,
    narrowed: periodOf,
  },
  months: {
    title: 'By month',
    columns: [{ name: 'month', label: 'Month', kind: 'month', value: ({ key }) => (key === NO_TIME ? null : key) }],
    keyOf: (cell) => (cell.bucket === NO_TIME ? NO_TIME : bucketOf.month(cell)),
    order: byTime,
    narrowed: periodOf,
  },
} satisfies Record<string, By>;

/** Recorded and by the price list, by model, action or day. */
export function repricedTable(stats: RepricedStats, by: By, links: ViewLinks): DataTable {
  const recorded = group(stats.recorded.cells, by.keyOf);
  const unpriced = group(stats.unpricedCells, by.keyOf);
  const repriced = group(stats.cells, by.keyOf);
  const rows = [...recorded].map(
    ([key, sums]): Row => ({
      ...{ key, recorded: sums, unpriced: unpriced.get(key) ?? noSums() },
      repriced: repriced.get(key)?.cost ?? noSums().cost,
    }),
  );
  const all = totalOf(stats);
  const whereAny = all.unpriced.requests === 0 ? { only: 'file' as const } : {};
  const columns: Column<Row>[] = [
    ...by.columns.map((column) => ({
      ...column,
      cell: ({ key }: Row) => {
        const narrowed = by.narrowed(key);
        return {
          ...(narrowed === null ? {} : { href: links.here(narrowed), narrows: true }),
          ...(key === NO_TIME ? { text: NO_TIME } : {}),
        };
      },
      total: null,
      totalCell: { text: 'Total' },
    })),
    {
      ...{ name: 'requests', label: 'Requests', kind: 'integer' },
      value: (row) => row.recorded.requests,
      total: all.recorded.requests,
    },
    { name: 'recorded', label: 'Recorded', kind: 'euros', value: (row) => row.recorded.cost, total: all.recorded.cost },
    {
      ...{ name: 'repriced', label: 'By the price list', kind: 'euros' },
      value: (row) => (row.unpriced.requests === row.recorded.requests ? null : row.repriced),
      cell: (row) => (row.unpriced.requests === row.recorded.requests ? { text: 'no price' } : {}),
      total: all.repriced,
    },
    {
      ...{ name: 'difference', label: 'Difference', kind: 'euros', isChange: true, leads: true },
      value: differenceOf,
      total: differenceOf(all),
    },
    {
      ...{ name: 'differenceShare', label: 'Share', kind: 'ratio', isChange: true },
      value: shareOf,
      total: shareOf(all),
    },
    {
      ...{ name: 'unpricedRequests', label: 'Without a price', kind: 'integer' },
      value: (row) => row.unpriced.requests,
      total: all.unpriced.requests,
      ...whereAny,
    },
    {
      ...{ name: 'unpricedRecorded', label: 'Recorded of these', kind: 'euros' },
      value: (row) => row.unpriced.cost,
      total: all.unpriced.cost,
      ...whereAny,
    },
  ];
  return dataTable(columns, {
    title: by.title,
    rows: rows.sort(by.order),
    faint: ({ recorded, unpriced }) => recorded.requests === unpriced.requests,
  });
}

/** Of the calls that have a price. */
const shareOf = (row: Omit<Row, 'key'>) => changeShare(row.repriced, minus(row.recorded.cost, row.unpriced.cost));

/** All calls of a window and its filters. */
export function totalOf({ total, recorded, unpricedCells }: RepricedStats): Omit<Row, 'key'> {
  const [unpriced] = group(unpricedCells, () => '').values();
  return { recorded: recorded.total, unpriced: unpriced ?? noSums(), repriced: total.cost };
}

/** More days are shown by their months, on a page. */
const MOST_DAYS = 92;

/** What the page shows of them; files have all. */
export function tablesOfPage(stats: RepricedStats): By[] {
  const { models, actions, days, months } = TABLES;
  return [models, actions, stats.buckets.length > MOST_DAYS ? months : days];
}
