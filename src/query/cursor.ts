import { parseInstant } from '../units/time.ts';
import { SORT_COLUMNS, SORTS, type SortKey } from './sorts.ts';

/**
 * A place between two records: the sort values of the row beside it and that row's id. Unlike a page number it stays
 * where it is while rows arrive or go.
 */
export type Cursor = { direction: 'after' | 'before'; values: string[]; id: string };

export const CURSOR_TAKES = 'takes the cursor of a next or previous link with the same sortBy';

const SEPARATOR = '~';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** "0.004213~6f9619ff-…": readable in an address. */
export function cursorText({ values, id }: Cursor): string {
  return [...values, id].join(SEPARATOR);
}

const isMoment = (text: string) => text.endsWith('infinity') || parseInstant(text) !== null;

/** The cursor of an address, or null when it is none or belongs to another sort. */
export function parseCursor(text: string, direction: Cursor['direction'], sortBy: SortKey): Cursor | null {
  const columns = SORTS[sortBy];
  const parts = text.split(SEPARATOR);
  const id = parts.pop() ?? '';
  // A model's name may contain the separator; it is always the first value.
  const values = [
    parts.slice(0, parts.length - columns.length + 1).join(SEPARATOR),
    ...parts.slice(parts.length - columns.length + 1),
  ];
  const fits =
    values.length === columns.length &&
    columns.every((column, i) => SORT_COLUMNS[column].pattern.test(values[i] ?? ''));
  const exists = columns.every((column, i) => column !== 'createdAt' || isMoment(values[i] ?? ''));
  return fits && exists && UUID.test(id) ? { direction, values, id } : null;
}
