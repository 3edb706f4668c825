import { get, type IncomingHttpHeaders } from 'node:http';
import { parse } from 'csv-parse/sync';
import { type CellValue, readXlsx } from 'hucre/xlsx';
import type { Client } from './client.ts';

export type Downloaded = { status: number; headers: IncomingHttpHeaders; bytes: Buffer; text: string };

/** Fetches a file as a browser does, byte by byte. @throws when the connection breaks before the end */
export function download(origin: string, client: Client, path: string): Promise<Downloaded> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return new Promise((resolve, reject) => {
    get(new URL(path, origin), { headers: { cookie, accept: 'text/html,*/*' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString() });
      });
    }).on('error', reject);
  });
}

/** Rows by heading, read by a parser that is not ours. */
export function csvRows(text: string, delimiter = ',', options: { comment?: string } = {}): Record<string, string>[] {
  return parse(text, { columns: true, delimiter, bom: true, comment: '#', comment_no_infix: true, ...options });
}

export type SheetRows = { name: string; rows: Record<string, CellValue>[] };

/** The sheets of a workbook by heading, read by a library that is not ours. */
export async function xlsxSheets(bytes: Buffer): Promise<SheetRows[]> {
  const { sheets } = await readXlsx(bytes);
  return sheets.map(({ name, rows }) => {
    const [head = [], ...body] = rows;
    return {
      name,
      rows: body.map((row) => Object.fromEntries(head.map((label, i) => [String(label), row[i] ?? null]))),
    };
  });
}
