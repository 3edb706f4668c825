import type { Knex } from 'knex';
import { type UsageFilter, whereFilter, whereWithin } from '../../query/filter.ts';
import type { Window } from '../../units/time.ts';
import type { UsageKind } from '../sums.ts';

/** The tokens of the calls of an action and model, call by call: n-th in, n-th out. */
export type RowTokens = UsageKind & { bucket: string; inputs: Int32Array; outputs: Int32Array };

/** A bucket in SQL, such as BUCKET_FORM makes it. */
type Bucket = { sql: string; bindings: string[] };

const OWNER_COLUMN = { author: 'author_id', story: 'story_id' } as const;
/** Some authors or stories by their ids. */
export type Owners = { by: keyof typeof OWNER_COLUMN; ids: string[] };

type Row = UsageKind & { bucket: string; tokens: Buffer };

const BYTES_A_ROW = 8;
export const BYTES_AN_ID = 16;

/** The tokens of every call of a filter in some stretches of time, by bucket, action and model: eight bytes a call in one value, not a row. */
export async function readRowTokens(
  workflows: Knex,
  windows: Window[],
  filter: UsageFilter | null,
  bucket: Bucket,
): Promise<RowTokens[]> {
  const rows: Row[] = await tokensOf(workflows, windows, filter, bucket).groupByRaw('1, 2, 3');
  return rows.map(withColumns);
}

/** The same of some authors or stories, apart by each of them. */
export async function readRowTokensOf(
  workflows: Knex,
  { by, ids }: Owners,
  window: Window,
  filter: UsageFilter,
  bucket: Bucket,
): Promise<(RowTokens & { owner: string })[]> {
  const column = OWNER_COLUMN[by];
  const rows: (Row & { owner: string })[] = await tokensOf(workflows, [window], filter, bucket)
    .whereRaw('?? = ANY(?::uuid[])', [column, ids])
    .select({ owner: column })
    .groupByRaw('1, 2, 3, 5');
  return rows.map((row) => ({ ...withColumns(row), owner: row.owner }));
}

/** The same with an id of each call: `BYTES_AN_ID` bytes a call, in their order. */
export async function readRowTokensWith(
  workflows: Knex,
  id: 'token_usage_id' | 'story_id' | 'author_id',
  window: Window,
  filter: UsageFilter,
  bucket: Bucket,
): Promise<(RowTokens & { ids: Uint8Array })[]> {
  const rows: Row[] = await tokensOf(workflows, [window], filter, bucket, ` || uuid_send(${id})`).groupByRaw('1, 2, 3');
  return rows.map(({ tokens, ...kind }) => {
    const calls = tokens.length / (BYTES_A_ROW + BYTES_AN_ID);
    const [numbers, ids] = [Buffer.alloc(calls * BYTES_A_ROW), new Uint8Array(calls * BYTES_AN_ID)];
    for (let i = 0; i < calls; i++) {
      const [begin, id] = [i * (BYTES_A_ROW + BYTES_AN_ID), i * (BYTES_A_ROW + BYTES_AN_ID) + BYTES_A_ROW];
      tokens.copy(numbers, i * BYTES_A_ROW, begin, id);
      tokens.copy(ids, i * BYTES_AN_ID, id, id + BYTES_AN_ID);
    }
    return { ...withColumns({ ...kind, tokens: numbers }), ids };
  });
}

function tokensOf(workflows: Knex, windows: Window[], filter: UsageFilter | null, bucket: Bucket, besides = '') {
  return workflows('token_usage_tracking')
    .modify((builder) => {
      whereWithin(builder, windows);
      if (filter !== null) whereFilter(builder, filter);
    })
    .select(workflows.raw(`${bucket.sql} AS bucket`, bucket.bindings))
    .select({ action: 'action', model: 'ai_model' })
    .select(
      workflows.raw(`string_agg(int4send(input_tokens) || int4send(output_tokens)${besides}, ''::bytea) AS tokens`),
    );
}

function withColumns({ bucket, action, model, tokens }: Row): RowTokens {
  const length = tokens.length / BYTES_A_ROW;
  const inputs = new Int32Array(length);
  const outputs = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    inputs[i] = tokens.readInt32BE(i * BYTES_A_ROW);
    outputs[i] = tokens.readInt32BE(i * BYTES_A_ROW + 4);
  }
  return { bucket, action, model, inputs, outputs };
}
