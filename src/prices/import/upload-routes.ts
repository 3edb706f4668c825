import express, { type Request, type RequestHandler } from 'express';
import { BadInput } from '../../units/failures/bad-input.ts';

const IS_FORM = 'multipart/form-data';

/** Takes a form with a file, of at most so many bytes, into memory. */
export const takesFile = (largest: number): RequestHandler => express.raw({ type: IS_FORM, limit: largest });

const problem = (parameter: string, message: string) => new BadInput([{ parameter, message }]);

/**
 * The text of a form that has a field `file` and a field `text`: of the file, where one was chosen.
 * @throws BadInput where neither has any, or it is not UTF-8
 */
export async function textOfUpload(req: Request): Promise<string> {
  if (!Buffer.isBuffer(req.body)) throw problem('The file', 'is missing: choose one, or paste its lines');
  // What fetch() answers are read with, which Node has built in.
  const form = await new Response(new Uint8Array(req.body), {
    headers: { 'Content-Type': req.get('Content-Type') ?? '' },
  })
    .formData()
    .catch(() => {
      throw problem('The form', 'cannot be read');
    });
  const file = form.get('file');
  const text = file instanceof Blob && file.size > 0 ? await textOf(file) : String(form.get('text') ?? '');
  if (text.trim() === '') throw problem('The file', 'is missing or empty: choose one, or paste its lines');
  return text;
}

async function textOf(file: Blob): Promise<string> {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw problem('The file', 'is not UTF-8: save it as “CSV UTF-8”');
  }
}
