import type { Instant } from '../units/time.ts';

/**
 * What a column holds: euros as whole micro-euros, instants in microseconds, ratios from 0 to 1, JSON as its text,
 * uuids as text that needs no care. Each format writes a kind in its own way: the one place where a new kind is named.
 */
export type Kind = 'text' | 'uuid' | 'integer' | 'euros' | 'ratio' | 'seconds' | 'instant' | 'json';

/** `name` is what programs read (camelCase, as in the API), `label` what people read. */
export type ExportColumn = { name: string; label: string; kind: Kind };

/** Text for text, uuids and JSON, a bigint for instants, a number for all others; null is an empty cell. */
export type Value = string | number | bigint | null;

/** A table of a page as data; its rows come in batches, so that millions of them need no more memory than one. */
export type ExportTable = {
  name: string;
  title: string;
  columns: ExportColumn[];
  batches: AsyncIterable<Value[][]> | Iterable<Value[][]>;
};

/** What a file is about: on its first sheet, in its first line, or in its headers. */
export type Manifest = {
  title: string;
  /** The filters as a sentence. */
  filters: string;
  from: Instant | null;
  to: Instant;
  timeZone: string;
  /** Nothing newer is counted. */
  asOf: Instant;
  /** Rows of all tables together. */
  rows: number;
  /** What the calls behind the file cost, in micro-euros. */
  cost: number;
};

export type ExportFile = { manifest: Manifest; tables: ExportTable[] };
