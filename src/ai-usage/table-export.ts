import type { ExportColumn, ExportTable, Kind, Value } from '../export/table.ts';
import type { Cell, Table } from './table.ts';

/** Where a label says less than the name that the API has for the same figure. */
const NAMES: Record<string, string> = {
  'Tokens in': 'inputTokens',
  'Tokens out': 'outputTokens',
  Tokens: 'totalTokens',
  '€ per million tokens': 'costPerMillionTokens',
};

/** "Per request" as "perRequest"; what stands in brackets explains and names nothing. */
function nameOf(label: string): string {
  const words = label.replace(/\(.*?\)/g, '').match(/[\p{L}\p{N}]+/gu) ?? [];
  const camel = words.map((word, i) =>
    i === 0 ? word.toLowerCase() : word[0]?.toUpperCase() + word.slice(1).toLowerCase(),
  );
  return NAMES[label] ?? camel.join('');
}

const noteOf = ({ note, flag }: Cell) => [flag, note].filter(Boolean).join('; ') || null;

/**
 * The table of a page as data, row by row in its order: numbers exact, labels with the id that they stand for, and the
 * notes and flags beside them. The total row is left out, so that a column can be added up.
 */
export function exportOfTable(name: string, table: Table): ExportTable {
  const columns: ExportColumn[] = [];
  const readers: ((cell: Cell) => Value)[] = [];
  const places: number[] = [];
  const add = (column: ExportColumn, place: number, read: (cell: Cell) => Value) => {
    columns.push(column);
    places.push(place);
    readers.push(read);
  };
  table.head.forEach(({ label }, place) => {
    const cells = table.rows.map((row) => row.cells[place] as Cell);
    const column = nameOf(label);
    const short = label.replace(/ \(.*\)/, '');
    // The total row too: a table without rows has the same columns.
    const kind: Kind = [...cells, table.total?.[place]].find((cell) => cell?.data)?.data?.kind ?? 'text';
    add({ name: column, label, kind }, place, ({ text, data }) => (kind === 'text' ? text : (data?.value ?? null)));
    if (cells.some(({ id }) => id !== undefined)) {
      add({ name: `${column}Id`, label: `${short} id`, kind: 'text' }, place, ({ id }) => id ?? null);
    }
    if (cells.some((cell) => noteOf(cell) !== null)) {
      add({ name: `${column}Note`, label: `${short} note`, kind: 'text' }, place, noteOf);
    }
  });
  const rows = table.rows.map(({ cells }) => readers.map((read, i) => read(cells[places[i] as number] as Cell)));
  return { name, title: table.caption, columns, batches: [rows] };
}
