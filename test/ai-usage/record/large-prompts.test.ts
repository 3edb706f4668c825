import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SETTING_NAMES } from '../../../src/config.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { asPeopleStartIt } from '../../support/command-line.ts';
import { databases, databaseUrls } from '../../support/databases.ts';
import { freePort } from '../../support/ports.ts';
import { type Program, startProgram } from '../../support/program.ts';
import { needsServer } from '../../support/skip.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const MOST_MEMORY = 400_000_000;
/** Above what the start itself has taken, which is 180 MB with Node 20 and 290 with Node 24. */
const MOST_MEMORY_ABOVE_REST = 160_000_000;
const RECORDS = '/ai-usage/records';

/** The most memory that a process has had, in bytes; null where the machine does not tell, or no longer. */
async function peak(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(status) ?? [];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** Reads all of an answer, keeping none of it. */
async function readAll(origin: string, client: Client, path: string): Promise<{ status: number; bytes: number }> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const request = get(new URL(path, origin), { headers: { cookie } });
  const [response] = await once(request, 'response');
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  return { status: response.statusCode, bytes };
}

describe('prompts too large for any page', () => {
  let folder: string;
  let large: string;
  let size = 0;
  let program: Program | null = null;
  let settings: Record<string, string>;

  before(async function () {
    // It takes a database that others than this process use.
    needsServer(this);
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-prompts-'));
    await resetUsage();
    const rows = await insertUsage(Array.from({ length: 50 }, () => ({})));
    large = rows[0]?.id ?? '';
    size = await databases().workflows.transaction(async (unhurried) => {
      await unhurried.raw('SET LOCAL statement_timeout = 0');
      await unhurried.raw(
        `UPDATE token_usage_tracking SET input_prompt_json = CASE WHEN token_usage_id = ?
           THEN jsonb_build_object('text', repeat('Era uma vez. ', 2000000), 'n', 1)
           ELSE jsonb_build_object('text', repeat('Era uma vez. ', 60000)) END`,
        [large],
      );
      const { rows: sums } = await unhurried.raw(
        'SELECT sum(octet_length(input_prompt_json::text)) AS size FROM token_usage_tracking',
      );
      return Number(sums[0].size);
    });
    const urls = databaseUrls();
    settings = {
      PORT: String(await freePort()),
      DATA_DIR: folder,
      WORKFLOWS_DATABASE_URL: urls.workflows,
      BACKOFFICE_DATABASE_URL: urls.backoffice,
      MYTHORIA_DATABASE_URL: urls.mythoria,
    };
  });

  after(async () => {
    program?.signal('SIGKILL');
    await program?.exitCode;
    if (folder) await rm(folder, { recursive: true, force: true });
    await resetUsage();
  });

  it('take no more memory than others, on the page, as a file and in every export', async () => {
    program = startProgram(process.execPath, asPeopleStartIt('src/server.ts'), {
      settings,
    });
    await program.line(/^Mythoria Admin/);
    const origin = `http://localhost:${settings.PORT}`;
    const client = await signedIn(origin);
    const { pid } = program.child;
    assert.ok(pid);
    const rest = await peak(pid);
    const paths = [
      `${RECORDS}/${large}/prompt`,
      `${RECORDS}/${large}/prompt.json`,
      // JSON is written as NDJSON is.
      ...['csv', 'xlsx', 'ndjson'].map((extension) => `${RECORDS}.${extension}?include=prompt`),
    ];
    for (const path of paths) {
      const { status, bytes } = await readAll(origin, client, path);
      assert.equal(status, 200, path);
      if (path.includes('json?')) assert.ok(bytes > size, path);
      const memory = await peak(pid);
      if (memory === null || rest === null) continue;
      const most = Math.max(MOST_MEMORY, rest + MOST_MEMORY_ABOVE_REST);
      assert.ok(memory < most, `${path}: ${memory} bytes, ${rest} at rest`);
    }
  });

  it('take no more memory than others on the command line', async () => {
    const unset = Object.fromEntries(SETTING_NAMES.map((name) => [name, '']));
    const out = join(folder, 'usage.ndjson');
    const child = spawn(
      process.execPath,
      [...asPeopleStartIt('scripts/export.ts'), '--include', 'prompt', '--out', out],
      { cwd: folder, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...unset, ...settings }, stdio: 'ignore' },
    );
    const ended = once(child, 'exit');
    let memory = 0;
    while (child.exitCode === null) {
      memory = Math.max(memory, (await peak(child.pid as number)) ?? 0);
      await Promise.race([ended, sleep(50)]);
    }
    assert.equal(child.exitCode, 0);
    assert.ok((await readFile(out)).length > size);
    assert.ok(memory < MOST_MEMORY, String(memory));
  });
});
