import type { MicroEuros } from '../units/money.ts';
/**
 * What a column holds: euros as whole micro-euros, instants in microseconds, days and months in ISO 8601, shares as ratios
 * (0.25), any other number that is not counted as a decimal of at most fifteen digits, JSON as its text, uuids as text that needs no care, and amounts by name (`parts`, micro-euros). Each format writes
 * a kind in its own way: the one place where a new kind is named.
 */
export type ValueKind =
  | 'text'
  | 'uuid'
  | 'integer'
  | 'boolean'
  | 'euros'
  | 'ratio'
  | 'decimal'
  | 'seconds'
  | 'instant'
  | 'day'
  | 'month'
  | 'json'
  | 'parts';

/** What names are keys of: a Map, for which no name is special. */
export type NamedAmounts = Map<string, MicroEuros>;

/** JSON too large to be held as a whole: its text, read anew by each who asks for it. */
export type LargeJson = { pieces: () => AsyncIterable<string> };

/** Text for text, uuids, days, months and JSON, a bigint for instants, a number for amounts; null is an empty cell. */
export type Value = string | number | bigint | boolean | NamedAmounts | LargeJson | null;

export const isLarge = (value: Value | undefined): value is LargeJson =>
  typeof value === 'object' && value !== null && 'pieces' in value;

/** Whether an amount or an instant is none, and a word stands in its place ("no number", "no time"). */
export const hasWord = (kind: ValueKind, value: Value): value is string =>
  (kind === 'euros' || kind === 'instant') && typeof value === 'string';
