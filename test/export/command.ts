import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTING_NAMES } from '../../src/config.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const MANY = 30_007;

/** How a command ended, and what is to be known of all that it said. */
export async function ended<T>(
  child: ChildProcess,
  of: (said: { out: string; err: string }) => T,
): Promise<T & { code: number }> {
  const said = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    said.err += chunk;
  });
  const [code] = await once(child, 'close');
  return { ...of(said), code };
}

/** `npm run export` as a program, for a describe: a folder for its files, and three records of which one is of another model. */
export function exportCommand() {
  let folder: string;
  let script: string[];
  let many = false;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mythoria-admin-export-'));
    script = await commandLine('scripts/export.ts');
    await resetUsage();
    await insertUsage([{ cost: 3, model: 'tts-1' }, { cost: 4 }, { cost: 5 }]);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await resetUsage();
  });

  const env = () => {
    const urls = databaseUrls();
    const unset = Object.fromEntries(SETTING_NAMES.map((name) => [name, '']));
    return {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...unset,
      WORKFLOWS_DATABASE_URL: urls.workflows,
      BACKOFFICE_DATABASE_URL: urls.backoffice,
      MYTHORIA_DATABASE_URL: urls.mythoria,
    };
  };

  const startWith = (settings: Record<string, string>, ...args: string[]) =>
    spawn(process.execPath, [...script, ...args], { env: { ...env(), ...settings } });

  return {
    env,
    inFolder: (...names: string[]) => join(folder, ...names),
    run: (...args: string[]) => spawnSync(process.execPath, [...script, ...args], { encoding: 'utf8', env: env() }),
    start: (...args: string[]) => startWith({}, ...args),
    startWith,
    parts: () => readdirSync(folder).filter((name) => name.endsWith('.part')),
    /** Enough records to be met while they are written. */
    insertMany: async () => {
      if (many) return;
      many = true;
      // In pieces, each of which a busy machine has time for.
      for (let first = 1; first <= MANY; first += 5_000)
        await databases().workflows.raw(
          `INSERT INTO token_usage_tracking (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
           SELECT gen_random_uuid(), gen_random_uuid(), 'test', 'many-' || n % 2 + 1, 1, 1, 0.5, '{}', now() - n * interval '1 second'
             FROM generate_series(?::integer, ?::integer) AS n`,
          [first, Math.min(MANY, first + 4_999)],
        );
    },
  };
}
