import { type CsvOptions, csv } from './csv.ts';
import { json, ndjson } from './json.ts';
import type { ExportFile } from './table.ts';
import { xlsx } from './xlsx.ts';

type FileFormat = {
  label: string;
  type: string;
  /** Measured, to say beforehand how large a download of records is. */
  bytesPerRecord: number;
  write: (file: ExportFile, options: CsvOptions) => AsyncGenerator<string | Buffer>;
};

/** What tables are exported as, by the extension of the address: the one place to add another. */
export const FORMATS = {
  csv: { label: 'CSV', type: 'text/csv; charset=utf-8', bytesPerRecord: 230, write: csv },
  xlsx: {
    label: 'Excel',
    type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    bytesPerRecord: 120,
    write: xlsx,
  },
  json: { label: 'JSON', type: 'application/json; charset=utf-8', bytesPerRecord: 430, write: json },
  ndjson: { label: 'NDJSON', type: 'application/x-ndjson; charset=utf-8', bytesPerRecord: 430, write: ndjson },
} as const satisfies Record<string, FileFormat>;

export type Extension = keyof typeof FORMATS;
export const EXTENSIONS = Object.keys(FORMATS) as [Extension, ...Extension[]];
