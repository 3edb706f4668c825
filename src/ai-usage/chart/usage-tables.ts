import { actionInfo } from '../../catalog/actions.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { Stack } from '../../query/view.ts';
import { type BucketSize, bucketOf, group, type UsageStats } from '../../stats/stats.ts';
import { type Sums, sumOf, type UsageCell } from '../../stats/sums.ts';
import { changeColumns, sumColumns } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import { monthOf } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import type { MicroEuros } from '../../units/money.ts';
import { type Instant, isOfNoTime, NO_TIME } from '../../units/time.ts';
import { BREAKDOWNS, sumsOfEach } from '../breakdowns/breakdowns.ts';
import type { Counted } from '../breakdowns/compare.ts';
import { bucketsOf } from './buckets.ts';
import { costsBefore, titleOf } from './usage-over-time.ts';

type BucketRow = { hour: Instant | null; day: string | null; month: string };
type Options = { query: UsageQuery; size: BucketSize; by: Stack; timeZone: string };

/** Which hour, day or month a row is of, all that it lies in included. */
const bucketColumns = <Row extends BucketRow>(): Column<Row>[] => [
  { name: 'hour', label: 'Hour', kind: 'instant', value: ({ hour }) => hour },
  { name: 'day', label: 'Day', kind: 'day', value: ({ day }) => day },
  { name: 'month', label: 'Month', kind: 'month', value: ({ month }) => month },
];

/** Usage over time for files, the newest first, each bucket with what it cost by model, action or provider. */
export function usageTable({ stats, compared }: Counted, options: Options): DataTable {
  const { size } = options;
  type Row = BucketRow & Sums & { partial: boolean; costBefore: MicroEuros | null; parts: Map<string, Sums> };
  const columns: Column<Row>[] = [
    ...bucketColumns<Row>(),
    { name: 'partial', label: 'Partial', kind: 'boolean', value: ({ partial }) => partial },
    ...sumColumns<Row>(null),
    ...changeColumns<Row>(({ costBefore }) => costBefore),
    {
      ...{ name: 'parts', label: 'Parts', kind: 'parts' },
      value: ({ parts }) => new Map([...parts].map(([key, { cost }]) => [key, cost])),
    },
  ];
  const buckets = bucketsWithParts(stats, options);
  const before = costsBefore(compared, size, buckets.length, options.timeZone);
  const rows = buckets.map((bucket, i) => ({ ...bucket, costBefore: before?.[i]?.cost ?? null }));
  return dataTable(columns, { title: titleOf(size), rows: rows.reverse() });
}

/** The parts of those buckets as rows of their own, for spreadsheets. */
export function partsTable(stats: UsageStats, options: Options): DataTable {
  const { size, by } = options;
  type Row = BucketRow & Sums & { part: string };
  const columns: Column<Row>[] = [
    ...bucketColumns<Row>(),
    { name: 'by', label: 'By', kind: 'text', value: () => by },
    { name: 'part', label: 'Part id', kind: 'text', value: ({ part }) => part },
    {
      ...{ name: 'partLabel', label: 'Part', kind: 'text' },
      value: ({ part }) => (by === 'action' ? actionInfo(part).label : part),
    },
    ...sumColumns<Row>(null),
  ];
  const rows = bucketsWithParts(stats, options).flatMap(({ hour, day, month, parts }) =>
    [...parts].map(([part, sums]) => ({ hour, day, month, part, ...sums })),
  );
  return dataTable(columns, { title: `${titleOf(size)}, in parts`, rows: rows.reverse() });
}

/** Every bucket of a window, oldest first, with its sums and those of its parts in the order of their total cost. */
function bucketsWithParts(stats: UsageStats, { query, size, by, timeZone }: Options) {
  const keyOf = BREAKDOWNS[by].keyOf ?? (() => '');
  const places = [...sumsOfEach(stats, by)].sort(([a, one], [b, other]) => other.cost - one.cost || byCodePoint(a, b));
  const place = new Map(places.map(([key], i) => [key, i]));
  const cells = new Map<string, UsageCell[]>();
  for (const cell of stats.cells) {
    const bucket = bucketOf[size](cell);
    const found = cells.get(bucket);
    if (found) found.push(cell);
    else cells.set(bucket, [cell]);
  }
  const noTime = isOfNoTime(query.window) ? NO_TIME : null;
  const filled = stats.buckets.map(({ bucket }) => bucket);
  return bucketsOf(query.window, size, timeZone, filled).map(({ bucket, from, firstDay, partial }) => {
    const parts = [...group(cells.get(bucket) ?? [], keyOf)];
    const inOrder = parts.sort(([a], [b]) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
    return {
      hour: size === 'hour' ? from : null,
      day: size === 'month' ? null : (noTime ?? firstDay),
      month: noTime ?? monthOf(firstDay),
      partial,
      ...sumOf(parts.map(([, sums]) => sums)),
      parts: new Map(inOrder),
    };
  });
}
