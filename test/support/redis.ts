import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { freePort, listens } from './ports.ts';
import { missing } from './skip.ts';
import { until } from './until.ts';

export type OwnRedis = {
  url: string;
  start: () => Promise<void>;
  /** At once, with whatever is under way. */
  kill: () => Promise<void>;
  /** It takes what is sent and answers nothing, until SIGCONT. */
  signal: (signal: 'SIGSTOP' | 'SIGCONT') => void;
  /** Asks it something, as redis-cli does. */
  ask: (...command: string[]) => Promise<unknown>;
  remove: () => Promise<void>;
};

const PATHS = ['redis-server', '/usr/bin/redis-server', 'valkey-server'];

/** A Redis of a test's own, which may stop it, with settings of its choice. Skips the test where there is none. */
export async function startOwnRedis(context: Mocha.Context, also: string[] = []): Promise<OwnRedis> {
  const path =
    PATHS.find((one) => spawnSync(one, ['--version']).status === 0) ??
    missing(context, 'redis-server or valkey-server');
  const folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const start = async () => {
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...also];
    child = spawn(path, settings, { stdio: 'ignore' });
    await until(() => listens(port), 'Redis listens');
  };
  const kill = async () => {
    if (child === null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    child = null;
  };
  await start();
  return {
    ...{ url, start, kill },
    signal: (signal) => child?.kill(signal),
    ask: async (...command) => {
      const client = await createClient({ url }).connect();
      const answer = await client.sendCommand(command);
      client.destroy();
      return answer;
    },
    remove: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
