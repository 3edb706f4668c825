import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Knex } from 'knex';
import { personOf } from '../auth/access/caller.ts';
import { writeAuditLog } from '../db/audit-log.ts';
import { type Extension, FORMATS } from '../export/formats.ts';
import type { OpenExport } from '../export/open.ts';
import type { ExportOptions } from '../export/options.ts';
import type { Manifest } from '../export/table.ts';
import { loggable } from '../units/failures/loggable.ts';
import { eurosText } from '../units/money.ts';
import { isoFromInstant } from '../units/time.ts';
import { type AtOnce, beginDownload, goneSignal, sendDownload } from '../web/download.ts';

export type Opening = {
  extension: Extension;
  options: ExportOptions;
  /** The page's address, after which the file is called. */
  address: string;
  /** How the audit log names it. */
  entry: (manifest: Manifest) => { subject: string; details: string };
  /** Begins to read; `gone` aborts when nobody waits for it any more. */
  open: (gone: AbortSignal) => Promise<OpenExport>;
};

/**
 * Sends what a page shows as a file, and writes down who had it, before its first row and when it broke off.
 * @throws TooMany when the person has as many downloads under way as `atOnce` lets them
 */
export async function sendExport(
  req: Request,
  res: Response,
  { backoffice, atOnce }: { backoffice: Knex; atOnce: AtOnce },
  { extension, options, address, entry: entryOf, open }: Opening,
): Promise<void> {
  const person = personOf(req);
  const release = await beginDownload(atOnce, person);
  const gone = goneSignal(res);
  let opened: OpenExport | null = null;
  try {
    opened = await open(gone);
    const { manifest } = opened.file;
    if (req.method === 'HEAD') {
      describe(res, extension, address, manifest);
      res.end();
      return;
    }
    const entry = entryOf(manifest);
    // Before the first row: who cannot be written down gets none.
    const action = options.withPrompts ? 'export with prompts' : 'export';
    await writeAuditLog(backoffice, person, { ...entry, action, rows: manifest.rows });
    describe(res, extension, address, manifest);
    const sending = await sendDownload(res, FORMATS[extension].write(opened.file, options), gone);
    if (sending.outcome === 'complete') return;
    if (sending.outcome === 'failed') {
      req.log.error({ error: loggable(sending.error) }, 'export failed');
    }
    const broken = sending.outcome === 'failed' ? 'export failed' : 'export broken off';
    await writeAuditLog(backoffice, person, { ...entry, action: broken, rows: opened.sent() });
  } catch (error) {
    if (!gone.aborted) throw error;
  } finally {
    await opened?.close();
    await release();
  }
}

/** In bytes, of which file systems take 255 with what stands behind it. */
const LONGEST_NAME = 180;

/** What stands in the name anyhow, or says nothing of what is in the file. */
const NOT_NAMED = ['asOf', 'counted'];

/**
 * "ai-usage-models-gpt-5--period-7d" for the page at /ai-usage/models/gpt-5?period=7d. What a file cannot be called by is a dash, and so that names
 * that only then look alike ("imagen 4", "imagen-4"), or that file systems take for one ("GPT-5"), or that are too long, stay apart, a digest follows.
 */
export function fileName(address: string): string {
  const [path = '', query] = address.split('?');
  const parts = path.slice(1).split('/').map(decodeURIComponent);
  const asked = [...new URLSearchParams(query)].filter(([name]) => !NOT_NAMED.includes(name));
  const plainly = (text: string) => text.replace(/[^\p{L}\p{N}._]+/gu, '-');
  // Two dashes are in no part that is itself.
  const plain = [plainly(parts.join('-')), ...asked.map(([name, value]) => `${name}-${plainly(value)}`)].join('--');
  const isItself = [...parts, ...asked.map(([, value]) => value)].every((part) =>
    /^[a-z0-9._]+(-[a-z0-9._]+)*$/.test(part),
  );
  if (isItself && plain.length <= LONGEST_NAME) return plain;
  const all = [path, ...asked.map((one) => one.map(encodeURIComponent).join('='))].join('&');
  return `${beginning(plain)}-${createHash('sha256').update(all).digest('hex').slice(0, 8)}`;
}

/** As many whole characters as there is room for; some file systems take them apart, so that é is a letter and its accent. */
function beginning(text: string): string {
  let room = LONGEST_NAME;
  let begin = '';
  for (const character of text) {
    room -= Math.max(Buffer.byteLength(character), Buffer.byteLength(character.normalize('NFD')));
    if (room < 0) break;
    begin += character;
  }
  return begin;
}

function describe(res: Response, extension: Extension, address: string, { rows, cost, asOf, order }: Manifest): void {
  const at = isoFromInstant(asOf).slice(0, 19).replaceAll(':', '');
  res.attachment(`${fileName(address)}-${at}Z.${extension}`);
  res.set({ 'Content-Type': FORMATS[extension].type, 'X-Total-Rows': String(rows) });
  if (cost !== null) res.set('X-Total-Cost', eurosText(cost));
  if (order !== undefined) res.set('X-Order', order);
}
