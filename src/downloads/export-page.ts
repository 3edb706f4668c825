import type { OpenExport } from '../export/open.ts';
import type { ExportOptions } from '../export/options.ts';
import type { Manifest } from '../export/table.ts';
import type { Instant } from '../units/time.ts';

/** What an address asks to take away. */
export type AskedExport = {
  /** The page's address, with every default left out and its instant said: files are named after it, the audit log leads to it. */
  address: string;
  /** How the audit log puts into words what is in the file. */
  details: (manifest: Manifest) => string;
  /** Begins to read; `gone` aborts when nobody waits for it any more. Whoever opens it closes it. */
  open: (options: ExportOptions, gone: AbortSignal) => Promise<OpenExport>;
};

/** A page whose tables are files too, at its address with an extension and at the command line; `Sources` is all that it reads from. */
export type ExportPage<Sources> = {
  /** Its route, with `:name` for one of several. */
  path: string;
  /** What its address takes. */
  parameters: readonly string[];
  /** Those of them that mean nothing to a file, which holds everything. */
  unused: readonly string[];
  /** By their names in addresses and JSON, in the order of the page; null where it is the list of records. */
  tables: readonly string[] | null;
  /** Which parameters change something in one of its tables, or in any: a command line takes no others. */
  heeds: (table: string | null, parameters: Record<string, unknown>) => readonly string[];
  /** Null where the name in the address can be none. @throws BadInput */
  asked: (name: string, parameters: Record<string, unknown>, sources: Sources, at: Instant) => AskedExport | null;
};

/** The address of a page's file. */
export const fileAddress = (address: string, extension: string): string => address.replace(/(?=\?|$)/, `.${extension}`);
