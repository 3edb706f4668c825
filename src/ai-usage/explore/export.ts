import {
  OF_EXPLORE,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type UsageQuery,
  usageUrl,
  WHICH_RECORDS,
} from '../../query/query.ts';
import type { Pivot, PivotSums } from '../../stats/explore/pivot.ts';
import { totalTokens } from '../../stats/sums.ts';
import { costPerMillionTokens } from '../../tables/cells.ts';
import { averageColumn, shareColumn, sumColumns } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { usageCost } from '../exports/number-tables.ts';
import { pinnedAt, usageExport } from '../exports/usage-export.ts';
import { EXPLORE_PATH, wholePivot } from './asked.ts';
import { AXIS_WORDS } from './axes.ts';

type Row = PivotSums & { row: string; column: string };

/** Every cell that has calls as a row: values of the data never name a column. */
function cellsTable({ rows, columns, cells, total }: Pivot, query: UsageQuery, format: Format): DataTable {
  const [ofRows, ofColumns] = [AXIS_WORDS[query.rows], AXIS_WORDS[query.columns]];
  const all: Column<Row>[] = [
    { name: 'row', label: 'Row id', kind: 'text', value: ({ row }) => ofRows.written(row) },
    { name: 'rowLabel', label: 'Row', kind: 'text', value: ({ row }) => ofRows.row(row, format) },
    { name: 'column', label: 'Column id', kind: 'text', value: ({ column }) => ofColumns.written(column) },
    { name: 'columnLabel', label: 'Column', kind: 'text', value: ({ column }) => ofColumns.row(column, format) },
    ...sumColumns<Row>(null),
    shareColumn<Row>(total.cost),
    averageColumn<Row>('costPerRequest', 'Per request', ({ requests }) => requests),
    { name: 'stories', label: 'Stories', kind: 'integer', value: ({ stories }) => stories },
    averageColumn<Row>('costPerStory', 'Per story', ({ stories }) => stories),
    {
      ...{ name: 'costPerMillionTokens', label: '€ per million tokens', kind: 'euros' },
      value: (row) => (totalTokens(row) === 0 ? null : costPerMillionTokens(row.cost, totalTokens(row))),
    },
  ];
  const found = rows.flatMap(({ key: row }, i) =>
    columns.flatMap(({ key: column }, j): Row[] => {
      const sums = cells[i]?.[j] ?? null;
      return sums === null || row === null || column === null ? [] : [{ ...sums, row, column }];
    }),
  );
  return dataTable(all, { title: 'Cells', rows: found });
}

export const EXPLORE_EXPORT = usageExport({
  path: EXPLORE_PATH,
  parameters: PAGE_PARAMETERS,
  asked: (_name, parameters, limits, at) => {
    const query = pinnedAt(parseUsageQuery(parameters, limits, at));
    return { query, address: usageUrl(EXPLORE_PATH, query), title: 'Explore' };
  },
  tables: {
    cells: {
      heeds: () => [...WHICH_RECORDS, ...OF_EXPLORE, 'cost'],
      read: async ({ reader, query, format }) =>
        cellsTable((await reader.pivot(query, wholePivot(query))).value, query, format),
    },
  },
  cost: usageCost,
});
