import type { Count } from '../stats/sums.ts';
import { type Day, firstDayOf, type Month } from '../units/calendar.ts';
import type { Format } from '../units/format.ts';
import { type MicroEuros, microEuros, minus, NO_EUROS } from '../units/money.ts';
import { type Instant, isoFromInstant, isTime, NO_TIME, SECOND } from '../units/time.ts';
import type { Course } from './course.ts';
import type { Value, ValueKind } from './values.ts';

/** Stretches of time as a drawing so many units wide, each of a kind (the class of its colour), and the same in words. */
export type Strip = { text: string; width: number; runs: { kind: string; from: number; length: number }[] };

export type MenuLink = { label: string; href: string };

/** What a cell shows, ready to print; the view only escapes it. */
export type Cell = {
  text: string;
  /** What is said before it where a telephone shows it below the row's name; nothing of what says it itself. */
  label?: string;
  /** A telephone leaves it out, where rows are lines. */
  onDesk?: boolean;
  href?: string;
  /** The link changes this very view, so that only a part of the page need be loaded. */
  narrows?: boolean;
  /**
   * Where what the cell names can lead, in a menu that its text opens. It looks as text until it is pointed at, and is no stop of the Tab
   * key: arrow keys come to it from what the row opens, which offers the same.
   */
  menu?: MenuLink[];
  /** The page of what the cell names, where `href` filters by it. */
  details?: { href: string; label: string };
  /** The amount to the micro-euro, where the text may be a rounded one. */
  exact?: string;
  /** Where a cost is compared: whether it is more or less than before. */
  direction?: Direction;
  /** An ISO 8601 instant: the text stands in a `<time>`. */
  time?: string;
  note?: string;
  /** What a screen reader says where the cell is empty. */
  said?: string;
  flag?: string;
  icon?: string;
  /** How dark the cell is in a heat map, 0 to 5; -1 to -5 where it is a refund. */
  level?: number;
  strip?: Strip;
  /** The value as a bar below its text, in hundredths of the longest. */
  bar?: number;
  /** How the value went over time, in place of a text. */
  course?: Course;
};

/** Whether something is more than before or less. */
export type Direction = 'up' | 'down';

export const directionOf = (change: number): Direction | undefined =>
  change === 0 ? undefined : change > 0 ? 'up' : 'down';

/** How a page prints each kind of value; an instant that is none, or a cost, is a word. */
const PRINTED: Record<ValueKind, (value: never, format: Format) => Cell> = {
  text: (text: string) => ({ text }),
  uuid: (text: string) => ({ text }),
  json: (text: string) => ({ text }),
  integer: (count: number, format) => ({ text: format.integer(count) }),
  boolean: (is: boolean) => ({ text: is ? 'yes' : '' }),
  // An average has more digits than there is money.
  euros: (micro: MicroEuros, format) => ({ text: format.euros(micro), exact: format.exactEuros(micro) }),
  ratio: (share: number, format) => ({ text: format.share(share, 1) }),
  decimal: (number: number, format) => ({ text: format.decimal(number) }),
  seconds: (seconds: number, format) => ({ text: format.duration(BigInt(seconds) * SECOND) }),
  instant: (instant: Instant, format) => instantCell(instant, format),
  day: (day: Day, format) => ({ text: format.longDay(day) }),
  month: (month: Month, format) => ({ text: format.month(firstDayOf(month)) }),
  parts: () => ({ text: '' }),
};

const instantCell = (instant: Instant, format: Format): Cell =>
  isTime(instant) ? { text: format.shortInstant(instant), time: isoFromInstant(instant) } : { text: NO_TIME };

const NUMERIC: readonly ValueKind[] = ['integer', 'euros', 'ratio', 'decimal', 'seconds'];

export const isNumeric = (kind: ValueKind): boolean => NUMERIC.includes(kind);

/** A value as a page prints its kind: a dash for a share that says nothing, nothing for any other that is missing. */
export function printed(kind: ValueKind, value: Value, format: Format): Cell {
  if (value === null) return { text: kind === 'ratio' ? '–' : '' };
  if (typeof value === 'string' && isNumeric(kind)) return { text: value };
  return PRINTED[kind](value as never, format);
}

/** How the cells of a column are printed: euros all with the decimals that the column needs, changes and their shares with their sign. */
export function columnPrinter(
  kind: ValueKind,
  values: Value[],
  format: Format,
  isChange = false,
): (value: Value) => Cell {
  if (kind === 'ratio' && isChange)
    return (value) => (typeof value === 'number' ? { text: format.signedShare(value) } : printed(kind, value, format));
  if (kind !== 'euros') return (value) => printed(kind, value, format);
  const beside = format.eurosBeside(values.flatMap((value) => (typeof value === 'number' ? [microEuros(value)] : [])));
  const print = isChange ? beside.change : beside.euros;
  return (value) =>
    typeof value === 'number'
      ? { text: print(microEuros(value)), exact: format.exactEuros(microEuros(value)) }
      : printed(kind, value, format);
}

/** Euros per million tokens, as micro-euros; 0 without tokens. */
export function costPerMillionTokens(cost: MicroEuros, tokens: Count): MicroEuros {
  return tokens === 0 ? NO_EUROS : microEuros((cost / 1_000_000) * (1_000_000 / tokens) * 1_000_000);
}

/** What stands beside a difference in cost: its direction and its percentage; `isNew` where there was nothing before. */
export const besideChange = (now: MicroEuros, before: MicroEuros, isNew: boolean, format: Format): Partial<Cell> => ({
  direction: directionOf(minus(now, before)),
  note: isNew ? 'new' : format.shareChange(now, before) || undefined,
});
