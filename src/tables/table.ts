/** What a cell shows, ready to print; the view only escapes it. */
export type Cell = {
  text: string;
  href?: string;
  /** The link changes this very view, so that only a part of the page need be loaded. */
  narrows?: boolean;
  /** The page of what the cell names, where `href` filters by it. */
  details?: { href: string; label: string };
  /** The amount to the micro-euro, where the text may be a rounded one. */
  exact?: string;
  /** An ISO 8601 instant: the text stands in a `<time>`. */
  time?: string;
  note?: string;
  flag?: string;
  icon?: string;
  /** How dark the cell is in a heat map, 0 to 5; -1 to -5 where it is a refund. */
  level?: number;
};

export type Heading = {
  label: string;
  numeric: boolean;
  sort?: { href: string; state: 'ascending' | 'descending' | 'none' };
};

export type Column<Row> = {
  label: string;
  numeric?: true;
  sort?: Heading['sort'];
  cell: (row: Row) => Cell;
  total?: Cell;
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
    head: columns.map(({ label, numeric = false, sort }) => ({ label, numeric, sort })),
    rows: rows.map((row) => ({ cells: columns.map(({ cell }) => cell(row)), faint: faint(row) })),
    total: hasTotal ? columns.map(({ total }) => total ?? { text: '' }) : null,
  };
}
