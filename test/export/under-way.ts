import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Client } from '../support/client.ts';
import { databases } from '../support/databases.ts';

/** Rows enough that no socket's buffer takes them all; some at a time, for a busy machine has a time limit too. */
export async function fill(rows: number): Promise<void> {
  for (let first = 1; first <= rows; first += 5_000) {
    await databases().workflows.raw(
      `INSERT INTO token_usage_tracking
         (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'test', 'gpt-5', 1, 1, 0.000001, '{}', now() - i * interval '1 second' - interval '1 minute'
         FROM generate_series(?::int, ?::int) AS i`,
      [first, Math.min(first + 4_999, rows)],
    );
  }
}

/** Asks for a file and takes nothing of it until told. */
export async function begin(origin: string, client: Client, path: string): Promise<IncomingMessage> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const request = get(new URL(path, origin), { headers: { cookie } });
  request.on('error', () => {});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return response;
}

/** Of apps that a test before has closed in the middle of a download. */
export const freePlaces = () => databases().backoffice('export_places').delete();

/** Statements that exports have open at the source: running, or waiting for the client. */
export async function openAtSource(): Promise<number> {
  const { rows } = await databases().workflows.raw(
    `SELECT count(*)::int AS open FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'FETCH%' AND state <> 'idle'`,
  );
  return rows[0].open;
}

/** Less than the time limits of a connection, which would end a query as well. */
export const BEFORE_ITS_LIMIT_MS = 12_000;
