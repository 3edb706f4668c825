import type { Format } from '../units/format.ts';
import { type MicroEuros, nearestMicro } from '../units/money.ts';
import { type Cell, columnPrinter, isNumeric, type MenuLink } from './cells.ts';
import type { Value, ValueKind } from './values.ts';

export type Heading = {
  label: string;
  numeric: boolean;
  sort?: { href: string; state: 'ascending' | 'descending' | 'none' };
  /** What it stands for, in this very view. */
  href?: string;
  /** Whether it needs more room than its figures. */
  isLong?: boolean;
};

/** A table ready to print. */
export type Table = {
  caption: string;
  head: Heading[];
  rows: { cells: Cell[]; faint: boolean; id?: string }[];
  total: Cell[] | null;
  /** What is said below it. */
  notes: string[];
  /** On a telephone a row is two lines: its name and what leads, and below them the rest, numbers and times with their labels. */
  inLines: boolean;
  /** On a telephone it has its first rows only, and below them the way to all. */
  few?: MenuLink;
};

/**
 * A column of a table, on the page and in files alike. Which columns a file has never depends on its rows: values of the data
 * stand in cells, or as keys of `parts`, and never name a column, so that no two of them meet.
 */
export type Column<Row> = {
  /** What programs read: camelCase, as in the API; docs/exports.md lists them all. */
  name: string;
  /** What people read. */
  label: string;
  kind: ValueKind;
  value: (row: Row) => Value;
  /** Whether its euros are differences, or its shares those of differences, which the page prints with their sign. */
  isChange?: true;
  /** Its values are drawn as bars too, the largest as long as the cell is wide. */
  bars?: true;
  /** On a telephone it stands beside the row's name, and what does not lead in a line below. */
  leads?: true;
  /** On a telephone, where it is none of the few that matter, it is left out. */
  onDesk?: boolean;
  /** Where it stands, if not in both. */
  only?: 'page' | 'file';
  /** What the page's cell has besides the value as its kind is printed (a link, a note), or in place of it. */
  cell?: (row: Row) => Partial<Cell>;
  /** In the row of totals, on the page; empty without it. */
  total?: Value;
  /** What the total's cell has besides. */
  totalCell?: Partial<Cell>;
  /** What else has to be said of it and its rows, below the page's table. */
  note?: (rows: Row[]) => string | undefined;
  sort?: Heading['sort'];
};

type FileColumn = Pick<Column<unknown>, 'name' | 'label' | 'kind'>;

/** A table as data: what its page shows and what its file holds come from the same columns and rows. */
export type DataTable = {
  title: string;
  /** Ready to print: the first column names the row; a row of totals where columns have one. */
  page: (format: Format) => Table;
  /** For a file. */
  columns: FileColumn[];
  rows: () => Value[][];
};

type Rows<Row> = {
  title: string;
  rows: Row[];
  faint?: (row: Row) => boolean;
  idOf?: (row: Row) => string;
  inLines?: true;
  few?: MenuLink;
};

/**
 * Makes a table of its columns and rows; `faint` rows are shown as of little interest, and a link leads to one that has an id. Rows are lines on a telephone where
 * a column leads, or where the table says so.
 */
export function dataTable<Row>(
  columns: Column<Row>[],
  { title, rows, faint = () => false, idOf, few, ...more }: Rows<Row>,
): DataTable {
  const ofFile = columns.filter(({ only }) => only !== 'page');
  return {
    title,
    page: (format) => {
      const ofPage = columns
        .filter(({ only }) => only !== 'file')
        .map((column) => ({ ...column, print: printerOf(column, rows, format), bar: barsOf(column, rows) }));
      const inLines = more.inLines ?? columns.some(({ leads }) => leads);
      // Names say what they are; a number does not.
      const below = ({ label, kind, leads }: Column<Row>, i: number) =>
        inLines && i > 0 && !leads ? { label: kind === 'text' ? '' : label } : {};
      const hasTotal = ofPage.some(({ total }) => total !== undefined);
      return {
        caption: title,
        head: ofPage.map(({ label, kind, sort }) => ({ label, numeric: isNumeric(kind), sort })),
        rows: rows.map((row) => ({
          cells: ofPage.map((column, i) => ({
            ...below(column, i),
            onDesk: column.onDesk,
            ...column.print(column.value(row)),
            ...column.bar(row),
            ...column.cell?.(row),
          })),
          faint: faint(row),
          id: idOf?.(row),
        })),
        notes: ofPage.flatMap(({ note }) => note?.(rows) ?? []),
        inLines,
        few,
        total: hasTotal
          ? ofPage.map((column, i) => ({
              ...below(column, i),
              onDesk: column.onDesk,
              ...(column.total === undefined ? { text: '' } : column.print(column.total)),
              ...column.totalCell,
            }))
          : null,
      };
    },
    columns: ofFile.map(({ name, label, kind }) => ({ name, label, kind })),
    rows: () => rows.map((row) => ofFile.map(({ kind, value }) => inFile(kind, value(row)))),
  };
}

const printerOf = <Row>({ kind, value, total, isChange }: Column<Row>, rows: Row[], format: Format) =>
  columnPrinter(kind, [...rows.map(value), total ?? null], format, isChange);

/** Below nothing, as of refunds, there is no bar, and none that would be no longer than a dot. */
function barsOf<Row>({ value, bars }: Column<Row>, rows: Row[]): (row: Row) => Partial<Cell> {
  if (!bars) return () => ({});
  const largest = Math.max(...rows.map((row) => Number(value(row) ?? 0)));
  return (row) => {
    const bar = largest > 0 ? Math.round((100 * Number(value(row) ?? 0)) / largest) : 0;
    return bar > 0 ? { bar } : {};
  };
}

/** A column's value as files and the API have it: an average to the micro-euro. */
export const inFile = (kind: ValueKind, value: Value): Value =>
  kind === 'euros' && typeof value === 'number' ? nearestMicro(value as MicroEuros) : value;
