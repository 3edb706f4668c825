import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Agent, get, type IncomingMessage } from 'node:http';
import { openDatabase } from '../../src/db/connect.ts';
import { instantFromPostgres, isoFromInstant } from '../../src/units/time.ts';

/** The instant from which on the table holds so many rows (or all that it has). */
export async function beginOfNewest(url: string, rows: number): Promise<string> {
  const database = openDatabase(url, { maxConnections: 1, unhurried: true });
  const { rows: found } = await database.raw(
    `SELECT created_at FROM (SELECT created_at FROM token_usage_tracking ORDER BY created_at DESC LIMIT ?) AS newest
      ORDER BY created_at LIMIT 1`,
    [rows],
  );
  await database.destroy();
  return isoFromInstant(instantFromPostgres(found[0].created_at));
}

/** What PostgreSQL needs to hand out the same rows in the same order, through psql. */
export async function copyToStdout(url: string, from: string): Promise<{ rows: number; ms: number }> {
  const columns =
    'created_at, ai_model, action, input_tokens, output_tokens, estimated_cost_in_euros, token_usage_id, author_id, story_id';
  const query = `SELECT ${columns} FROM token_usage_tracking WHERE created_at >= '${from}' ORDER BY created_at DESC, token_usage_id DESC`;
  const begun = performance.now();
  const psql = spawn('psql', [url, '-Xqc', `COPY (${query}) TO STDOUT (FORMAT csv)`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rows = 0;
  psql.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) rows += 1;
  });
  const [code] = await once(psql, 'close');
  if (code !== 0) throw new Error('psql failed');
  return { rows, ms: performance.now() - begun };
}

/** A whole export: its rows by its own header, when its first byte came, and how many bytes there were. */
export async function downloadExport(agent: Agent, url: string, cookie: string) {
  const begun = performance.now();
  const [response] = (await once(get(url, { agent, headers: { cookie } }), 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
  let firstMs: number | null = null;
  let bytes = 0;
  for await (const chunk of response) {
    firstMs ??= performance.now() - begun;
    bytes += (chunk as Buffer).length;
  }
  const rows = Number(response.headers['x-total-rows']);
  return { rows, ms: performance.now() - begun, firstMs: firstMs ?? Number.NaN, bytes };
}
