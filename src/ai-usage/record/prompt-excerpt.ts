import type { Knex } from 'knex';
import type { Databases } from '../../db/connect.ts';
import { WHOLE } from '../../stats/records/prompts.ts';
import { openSnapshot } from '../../stats/snapshot.ts';
import type { JsonExcerpt } from './folded-json.ts';

/** What a page reads of a prompt. */
const MOST_READ = 200_000;
const A_PIECE = 1_000;
/** So much of a run is read of its beginning: enough to tell what it is. */
const A_GLIMPSE = 64;
/** And so much of its end: a line break that ends in the next piece, but for its last letter. */
const A_BREAK = '\\r\\'.length;

const OF_BASE64 = '[A-Za-z0-9+/=_-]';
/** As `encode` writes the backslash of JSON. */
const BACKSLASH = String.raw`\\\\`;
const LINE_BREAK = `(${BACKSLASH}r){0,1}${BACKSLASH}n`;
/** Within a run, or within one in lines, as mail writes it; a piece begins and ends anywhere. */
const WITHIN_RUN = `^${OF_BASE64}*$`;
const WITHIN_LINES = `^${OF_BASE64}*(${LINE_BREAK}${OF_BASE64}{60,})*(${LINE_BREAK}${OF_BASE64}*){0,1}(${BACKSLASH}r){0,1}(${BACKSLASH}){0,1}$`;

/** The beginning of a prompt, and how many bytes all of it has. */
export type PromptExcerpt = JsonExcerpt & { size: number };

/** `before`: what stands right before the piece. */
type Row = { at: number; size: number; before: Buffer; piece: Buffer };

/**
 * As much of a prompt as a person looks at, cut in the database; null where there is no such record. Pictures are passed
 * over: in base64 they are long runs without a space or a quote. Sensitive: call it only where the look is written to
 * the audit log.
 */
export async function readPromptExcerpt(
  databases: Databases,
  pool: Knex,
  id: string,
  gone: AbortSignal,
): Promise<PromptExcerpt | null> {
  const most = MOST_READ / A_PIECE;
  const snapshot = await openSnapshot(databases, pool, gone);
  try {
    const { rows } = await snapshot.begin(
      snapshot.transaction.raw<{ rows: Row[] }>(
        `SELECT at, octet_length(whole.bytes) AS size,
                substring(whole.bytes FROM at + 1 - ${A_BREAK} FOR ${A_BREAK}) AS before,
                substring(whole.bytes FROM at + 1 FOR ${A_PIECE}) AS piece
           FROM ${WHOLE}, LATERAL generate_series(0, octet_length(whole.bytes) - 1, ${A_PIECE}) AS at,
                LATERAL (SELECT encode(substring(whole.bytes FROM at + 1 - ${A_GLIMPSE} FOR ${A_PIECE + A_GLIMPSE}), 'escape') AS text
                         OFFSET 0) AS seen
          WHERE at = 0 OR (seen.text !~ '${WITHIN_RUN}' AND seen.text !~ '${WITHIN_LINES}')
          LIMIT ${most}`,
        [id],
      ),
    );
    return rows.length === 0 ? null : excerptOf(rows, rows.length === most);
  } finally {
    await snapshot.close();
  }
}

const NUL = Buffer.alloc(1);
/** The beginning of what JSON writes a character as, or of two characters that belong together, and where it is cut. */
const UNFINISHED = /(?<!\\)(?:\\\\)*(\\(?:u[\da-f]{0,3}|r\\?|ud[89ab][\da-f]{2}(?:\\(?:u[\da-f]{0,3})?)?)?)$/i;
const LONGEST = String.raw`\ud83d\ude0`.length;

/** How many bytes at the end of a piece of JSON begin what ends behind it. */
function unfinished(bytes: Buffer): number {
  // All of the backslashes before count: two of them are one that is meant.
  let from = Math.max(0, bytes.length - LONGEST);
  while (from > 0 && bytes[from - 1] === 0x5c) from -= 1;
  return UNFINISHED.exec(bytes.toString('latin1', from))?.[1]?.length ?? 0;
}

function excerptOf(rows: Row[], full: boolean): PromptExcerpt {
  let bytes: Buffer[] = [];
  const gaps: number[] = [];
  let end = 0;
  /** Nothing is cut in two at either side of a gap. */
  const cutEnd = () => {
    const all = Buffer.concat(bytes);
    const left = unfinished(all);
    bytes = [all.subarray(0, all.length - left)];
    end -= left;
  };
  const passOver = (until: number) => {
    if (until === end) return;
    cutEnd();
    gaps.push(until - end);
    bytes.push(NUL);
  };
  for (const { at, before, piece } of rows) {
    if (at === end) bytes.push(piece);
    else {
      const begun = unfinished(before);
      passOver(at - begun);
      bytes.push(before.subarray(before.length - begun), piece);
    }
    end = at + piece.length;
  }
  const size = rows[0]?.size ?? 0;
  const cut = full && end < size;
  if (cut) cutEnd();
  else passOver(size);
  // As part of a stream: a character that the cut goes through is left out.
  return { text: new TextDecoder().decode(Buffer.concat(bytes), { stream: true }), gaps, cut, size };
}
