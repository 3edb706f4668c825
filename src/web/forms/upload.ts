import express, { type Request, type RequestHandler } from 'express';
import { BadInput } from '../../units/failures/bad-input.ts';

const IS_FORM = 'multipart/form-data';
const MOST_OF_A_NAME = 100;

/** Takes a form with a file, of at most so many bytes, into memory. */
export const takesFile = (largest: number): RequestHandler => express.raw({ type: IS_FORM, limit: largest });

const problem = (parameter: string, message: string) => new BadInput([{ parameter, message }]);

/** What a form brought: the text of its file, or what was pasted; what it is called; its other fields. */
type Upload = { text: string; name: string; fields: ReadonlyMap<string, string> };

/**
 * Reads a form that has a field `file`, a field `text` and perhaps others.
 * @throws BadInput where neither has any text, or it is not UTF-8
 */
export async function readUpload(req: Request): Promise<Upload> {
  if (!Buffer.isBuffer(req.body)) throw problem('The file', 'is missing: choose one, or paste its lines');
  const headers = { 'Content-Type': req.get('Content-Type') ?? '' };
  // By what Node reads the answers of fetch() with.
  const form = await new Response(new Uint8Array(req.body), { headers }).formData().catch(() => {
    throw problem('The form', 'cannot be read');
  });
  const file = form.get('file');
  const isFile = file instanceof File && file.size > 0;
  const text = isFile ? await textOf(file) : String(form.get('text') ?? '');
  if (text.trim() === '') throw problem('The file', 'is missing or empty: choose one, or paste its lines');
  const name = isFile ? file.name.replaceAll(/[^\p{L}\p{N}\p{P} ]/gu, '').slice(0, MOST_OF_A_NAME) : 'pasted';
  const others = [...form].filter((field): field is [string, string] => typeof field[1] === 'string');
  return { text, name, fields: new Map(others) };
}

/** What .xlsx and .ods begin with: they are archives. Older ones are no UTF-8. */
const isWorkbook = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PK\x03\x04';

async function textOf(file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  if (isWorkbook(new Uint8Array(bytes)))
    throw problem('The file', 'is a workbook of a spreadsheet: save its sheet as “CSV UTF-8”');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw problem('The file', 'is not UTF-8: save it as “CSV UTF-8”');
  }
}
