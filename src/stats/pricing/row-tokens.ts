import type { Knex } from 'knex';
import { type UsageFilter, whereFilter, whereWithin } from '../../query/filter.ts';
import type { Window } from '../../units/time.ts';
import type { UsageKind } from '../sums.ts';

/** The tokens of the calls of an action and model, call by call: n-th in, n-th out. */
export type RowTokens = UsageKind & { bucket: string; inputs: Int32Array; outputs: Int32Array };

/** A bucket in SQL, such as BUCKET_FORM makes it. */
type Bucket = { sql: string; bindings: string[] };

const BYTES_A_ROW = 8;

/** The tokens of every call of a filter in some stretches of time, by bucket, action and model: eight bytes a call in one value, not a row. */
export async function readRowTokens(
  workflows: Knex,
  windows: Window[],
  filter: UsageFilter | null,
  bucket: Bucket,
): Promise<RowTokens[]> {
  const rows: (UsageKind & { bucket: string; tokens: Buffer })[] = await workflows('token_usage_tracking')
    .modify((builder) => {
      whereWithin(builder, windows);
      if (filter !== null) whereFilter(builder, filter);
    })
    .select(workflows.raw(`${bucket.sql} AS bucket`, bucket.bindings))
    .select({ action: 'action', model: 'ai_model' })
    .select(workflows.raw(`string_agg(int4send(input_tokens) || int4send(output_tokens), ''::bytea) AS tokens`))
    .groupByRaw('1, 2, 3');
  return rows.map(({ tokens, ...of }) => ({ ...of, ...columnsOf(tokens) }));
}

function columnsOf(tokens: Buffer): Pick<RowTokens, 'inputs' | 'outputs'> {
  const length = tokens.length / BYTES_A_ROW;
  const inputs = new Int32Array(length);
  const outputs = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    inputs[i] = tokens.readInt32BE(i * BYTES_A_ROW);
    outputs[i] = tokens.readInt32BE(i * BYTES_A_ROW + 4);
  }
  return { inputs, outputs };
}
