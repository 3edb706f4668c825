import { StringDecoder } from 'node:string_decoder';
import type { Knex } from 'knex';
import type { Databases } from '../../db/connect.ts';
import { attempt } from '../../db/in-turn.ts';
import { ahead } from '../../units/promises/ahead.ts';
import { handled } from '../../units/promises/handled.ts';
import { openSnapshot, type Snapshot } from '../snapshot.ts';

/** A prompt as PostgreSQL prints it, never parsed: as its text, or, where that is large, to be read piece by piece. */
export type Prompt = string | { pieces: () => AsyncIterable<string> };

/** Up to so many bytes a prompt is held as a whole; nearly all are. Stored, text takes half or less. */
const MOST_HELD = 50_000;
const MOST_STORED = 25_000;
const A_PIECE = 1_000_000;

/**
 * The text of one prompt in bytes. It is made once and held while the pieces of a statement are cut from it: PostgreSQL
 * would otherwise print all of it again for each. Bytes, for in characters every cut would count from the beginning.
 */
export const WHOLE = `(SELECT convert_to(input_prompt_json::text, 'UTF8') AS bytes
    FROM token_usage_tracking WHERE token_usage_id = ? OFFSET 0) AS whole`;

/**
 * PostgreSQL prints a gigabyte at most, and holds what prints to more: 9,000 times 1e131071, or two hundred megabytes of
 * control characters. Whoever meets that says so.
 */
export const UNPRINTABLE = 'PostgreSQL cannot print this prompt: written out, it is longer than a gigabyte.';
export function isUnprintable(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  // The latter where the last bytes of a gigabyte do not fit any more.
  return code === '54000' || (code === 'XX000' && String(message).includes('invalid memory alloc request size'));
}
/** What stands in an export in its place: text, in JSON. */
const NOTE = JSON.stringify(UNPRINTABLE);

/** The text of a prompt in UTF-8, a megabyte at a time; nothing where there is no such record. */
async function* promptPieces({ transaction, begin }: Snapshot, id: string): AsyncGenerator<Buffer> {
  await begin(
    transaction.raw(
      `DECLARE prompt NO SCROLL CURSOR FOR
       SELECT substring(whole.bytes FROM at + 1 FOR ${A_PIECE}) AS piece
         FROM ${WHOLE}, LATERAL generate_series(0, octet_length(whole.bytes) - 1, ${A_PIECE}) AS at`,
      [id],
    ),
  );
  for (let full = true; full; ) {
    const { rows } = await begin(transaction.raw<{ rows: { piece: Buffer }[] }>('FETCH 1 FROM prompt'));
    for (const { piece } of rows) yield piece;
    full = rows[0]?.piece.length === A_PIECE;
  }
  await begin(transaction.raw('CLOSE prompt'));
}

/** The same as text, or a note in its place where PostgreSQL cannot print it. */
async function* promptText(snapshot: Snapshot, id: string): AsyncGenerator<string> {
  const pieces = promptPieces(snapshot, id);
  // All of it is printed for the first piece.
  const first = await attempt(snapshot.transaction, () => pieces.next(), isUnprintable);
  if (first === null) {
    yield NOTE;
    return;
  }
  const decoder = new StringDecoder('utf8');
  if (!first.done) yield decoder.write(first.value);
  for await (const piece of pieces) yield decoder.write(piece);
}

/**
 * The prompts of some records by id; a hundred of them are 5 MB at most. What is stored in many bytes is not printed to be measured, and what
 * prints to many is not sent: those are read when somebody writes them.
 */
export async function readPrompts(snapshot: Snapshot, ids: string[]): Promise<Map<string, Prompt>> {
  const held = await readHeld(snapshot, ids);
  return new Map(ids.map((id) => [id, held.get(id) ?? { pieces: () => promptText(snapshot, id) }]));
}

/** The prompts of some records that are small, by id; null for those that are not. */
async function readHeld(snapshot: Snapshot, ids: string[]): Promise<Map<string, string | null>> {
  const { transaction, begin } = snapshot;
  const ask = () =>
    transaction.raw<{ rows: { id: string; prompt: string | null }[] }>(
      `SELECT token_usage_id AS id, CASE WHEN octet_length(small.text) <= ${MOST_HELD} THEN small.text END AS prompt
         FROM token_usage_tracking,
              LATERAL (SELECT CASE WHEN pg_column_size(input_prompt_json) <= ${MOST_STORED}
                                   THEN input_prompt_json::text END AS text OFFSET 0) AS small
        WHERE token_usage_id = ANY(?)`,
      [ids],
    );
  const answer = await begin(handled(attempt(transaction, ask, isUnprintable)));
  if (answer !== null) return new Map(answer.rows.map(({ id, prompt }) => [id, prompt]));
  // One of them, or more: each is asked for by itself.
  const [only, ...more] = ids;
  if (more.length === 0) return new Map(only ? [[only, NOTE]] : []);
  const held = new Map<string, string | null>();
  for (const one of ids) for (const [id, prompt] of await readHeld(snapshot, [one])) held.set(id, prompt);
  return held;
}

/** Whether a prompt is one that others would wait for: stored in so many bytes, it may be a gigabyte when it is printed. */
export async function isLargePrompt(workflows: Knex, id: string): Promise<boolean> {
  const row = await workflows('token_usage_tracking')
    .where({ token_usage_id: id })
    .first<{ large: boolean } | undefined>(
      workflows.raw(`pg_column_size(input_prompt_json) > ${MOST_STORED} AS large`),
    );
  return row?.large ?? false;
}

export type OpenPrompt = { pieces: AsyncIterable<Buffer>; close: () => Promise<void> };

/**
 * All of a prompt, to be sent as it is read; null where there is no such record. Whoever opens it closes it. Sensitive:
 * call it only where the look is written to the audit log.
 */
export async function openPrompt(databases: Databases, id: string, gone: AbortSignal): Promise<OpenPrompt | null> {
  const snapshot = await openSnapshot(databases, databases.exports, gone);
  const pieces = ahead(promptPieces(snapshot, id));
  try {
    // Before anything is answered, so that a database that fails at once is an error and not half a file.
    const first = await pieces.next();
    if (!first.done) return { pieces: following(first.value, pieces), close: snapshot.close };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
  await snapshot.close();
  return null;
}

async function* following<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}
