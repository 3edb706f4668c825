import { type UsageQuery, usageUrl } from '../../query/query.ts';
import type { UsageRecord } from '../../stats/records/records.ts';
import type { Cell } from '../../tables/cells.ts';
import { isNumeric } from '../../tables/cells.ts';
import { type Column, dataTable, type Heading, type Table } from '../../tables/table.ts';
import { type ListPage, type NamesOfRecord, RECORD_COLUMNS, type RecordColumn } from './record-columns.ts';

/** What a page says of single records, and which columns it leaves out. */
type Options = {
  flagOf?: (record: UsageRecord) => string | undefined;
  without?: string[];
  besides?: RecordColumn[];
  sorted?: boolean;
};

/** What a link back to a record's row ends in. */
export const rowId = (id: string): string => `r-${id}`;

/** Records as a page lists them; its first column leads to each. */
export function recordTable(
  records: UsageRecord[],
  page: ListPage,
  { flagOf, without = [], besides = [], sorted }: Options,
): Table {
  const columns = sortedOnce([...RECORD_COLUMNS, ...besides])
    .filter(({ name }) => !without.includes(name))
    .map(
      (column, i): Column<UsageRecord> => ({
        ...column,
        value: (record) => column.value(record, namesOf(record, page.names)),
        cell: (record): Partial<Cell> => ({
          ...column.cell?.(record, page),
          ...(i === 0 && flagOf?.(record) ? { flag: flagOf(record) } : {}),
        }),
        sort: sorted ? sortOf(column, page) : undefined,
      }),
    );
  const idOf = ({ tokenUsageId }: UsageRecord) => rowId(tokenUsageId);
  return dataTable(columns, { title: 'Records', rows: records, idOf }).page(page.format);
}

/** Of two costs beside each other records are sorted by one: the last that may be. */
const sortedOnce = (columns: RecordColumn[]): RecordColumn[] =>
  columns.map((column, i) =>
    column.sortBy && columns.slice(i + 1).some(({ sortBy }) => sortBy === column.sortBy)
      ? { ...column, sortBy: undefined }
      : column,
  );

const namesOf = ({ authorId, storyId }: UsageRecord, { authors, stories }: ListPage['names']): NamesOfRecord => ({
  author: authors.get(authorId) ?? null,
  story: stories.get(storyId) ?? null,
});

/** Sorting by another column begins with what people look for: the latest, the most expensive; names from A. */
function sortOf({ kind, sortBy }: RecordColumn, { path, query }: ListPage): Heading['sort'] {
  if (!sortBy) return undefined;
  const active = query.sortBy === sortBy;
  const descending = query.sortOrder === 'desc';
  const first = isNumeric(kind) || kind === 'instant' ? 'desc' : 'asc';
  const next = active ? (descending ? 'asc' : 'desc') : first;
  const state = active ? (descending ? 'descending' : 'ascending') : 'none';
  return { href: usageUrl(path, query, { sortBy, sortOrder: next }), state };
}

/** What the column that records are sorted by is called. */
export const sortLabel = ({ sortBy }: Pick<UsageQuery, 'sortBy'>, besides: RecordColumn[]): string =>
  [...RECORD_COLUMNS, ...besides].findLast((column) => column.sortBy === sortBy)?.label ?? sortBy;
