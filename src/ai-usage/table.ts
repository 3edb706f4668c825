import type { Kind } from '../export/table.ts';
import type { Format } from '../units/format.ts';
import type { MicroEuros } from '../units/money.ts';
import { type Instant, isoFromInstant } from '../units/time.ts';

/** What a cell shows, ready to print; the view only escapes it. */
export type Cell = {
  text: string;
  /** What it holds to an export, where that is not its text: `cellsOf` makes such cells. */
  data?: { kind: Kind; value: number };
  /** The name or id in the database of what the text is a label of. */
  id?: string;
  href?: string;
  /** The page of what the cell names, where `href` filters by it. */
  details?: { href: string; label: string };
  /** The exact value of a number that is printed rounded. */
  value?: string;
  /** An ISO 8601 instant: the text stands in a `<time>`. */
  time?: string;
  note?: string;
  flag?: string;
  icon?: string;
};

/** The makers of cells that are numbers: printed for people, exact for exports. */
export function cellsOf(format: Format) {
  return {
    integer: (count: number): Cell => ({ text: format.integer(count), data: { kind: 'integer', value: count } }),
    euros: (micro: MicroEuros): Cell => ({
      text: format.euros(micro),
      value: String(micro / 1_000_000),
      data: { kind: 'euros', value: Math.round(micro) },
    }),
    /** All six decimals. */
    exactEuros: (micro: MicroEuros): Cell => ({
      text: format.exactEuros(micro),
      data: { kind: 'euros', value: micro },
    }),
    share: (part: number, total: number): Cell => ({
      text: format.share(part, total),
      ...(total === 0 ? {} : { data: { kind: 'ratio', value: part / total } }),
    }),
    /** Microseconds, exported in whole seconds. */
    duration: (length: number): Cell => ({
      text: format.duration(length),
      data: { kind: 'seconds', value: Math.floor(length / 1_000_000) },
    }),
    instant: (instant: Instant): Cell => ({
      text: format.shortInstant(instant),
      time: isoFromInstant(instant),
      data: { kind: 'instant', value: instant },
    }),
  };
}

export type Column<Row> = { label: string; numeric?: true; cell: (row: Row) => Cell; total?: Cell };

export type Heading = {
  label: string;
  numeric: boolean;
  sort?: { href: string; state: 'ascending' | 'descending' | 'none' };
};

export type Table = {
  caption: string;
  head: Heading[];
  rows: { cells: Cell[]; faint: boolean }[];
  total: Cell[] | null;
};

type Rows<Row> = { caption: string; rows: Row[]; faint?: (row: Row) => boolean };

/** A table from columns that know their cells; the first column names the row. A total row where columns have one. */
export function tableOf<Row>(columns: Column<Row>[], { caption, rows, faint = () => false }: Rows<Row>): Table {
  const hasTotal = columns.some(({ total }) => total);
  return {
    caption,
    head: columns.map(({ label, numeric = false }) => ({ label, numeric })),
    rows: rows.map((row) => ({ cells: columns.map(({ cell }) => cell(row)), faint: faint(row) })),
    total: hasTotal ? columns.map(({ total }) => total ?? { text: '' }) : null,
  };
}
