import type { LargeJson, Value, ValueKind } from '../tables/values.ts';
import type { Day } from '../units/calendar.ts';
import type { MicroEuros } from '../units/money.ts';
import type { Instant } from '../units/time.ts';

/** `name` is what programs read (camelCase, as in the API), `label` what people read. */
export type ExportColumn = { name: string; label: string; kind: ValueKind };

/** A table of a page as data; its rows come in batches, so that millions of them need no more memory than one. */
export type ExportTable = {
  name: string;
  title: string;
  columns: ExportColumn[];
  batches: AsyncIterable<Value[][]> | Iterable<Value[][]>;
  /** The same rows as lines of CSV, for those who can write them without a value between; read in place of `batches`. */
  csvLines?: (write: CsvWriters) => AsyncIterable<CsvLines>;
};

/** How a dialect of CSV writes each kind of value, and what stands between two of them and after the last. */
export type CsvWriters = Record<ValueKind, (value: Exclude<Value, LargeJson | null>) => string> & {
  dialect: 'rfc4180' | 'excel-pt';
  separator: string;
  lineEnd: string;
};

/** So many lines, and their text. */
export type CsvLines = { rows: number; text: string };

/** What a file is about: on its last sheet, in its first line, or in its headers. */
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
  /** What the calls behind the file cost, in micro-euros; null where it is not about calls. */
  cost: MicroEuros | null;
  /** Calls that no cost of the file has, where costs are those of the price list and that has no price for them. */
  unpriced?: { requests: number; models: readonly string[] };
  /** What rows are in the order of, where it could be one cost or another. */
  order?: string;
  /** What people said of days of the window, the latest first. */
  notes?: readonly { first: Day; last: Day; text: string; filter: string; writer: string }[];
};

export type ExportFile = { manifest: Manifest; tables: ExportTable[] };
