import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './ports.ts';
import { missing } from './skip.ts';
import { until } from './until.ts';

const DEBIAN = '/usr/lib/postgresql';

/** Where Debian puts its programs, the newest version first, besides everybody's path. */
const folders = () => [
  ...(existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : []).sort().reverse(),
  ...(process.env.PATH ?? '').split(delimiter),
];

export type OwnPostgres = {
  url: string;
  /** As a machine that goes: at once, with whatever is under way. */
  stop: () => Promise<void>;
  /** On the same port, with what had been committed. */
  start: () => Promise<void>;
  remove: () => Promise<void>;
};

/** A PostgreSQL server of a test's own, which may stop it; for one database. Skips the test where there is none. */
export async function startOwnPostgres(context: Mocha.Context, within = tmpdir()): Promise<OwnPostgres> {
  const bin = folders().find((folder) => existsSync(join(folder, 'initdb')));
  if (bin === undefined) return missing(context, 'initdb of PostgreSQL');
  const folder = await mkdtemp(join(within, 'mythoria-admin-postgres-'));
  const port = await freePort();
  // It refuses to run as root; nobody's is the number that any system has for such programs.
  const nobody = { uid: 65_534, gid: 65_534 };
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(folder, nobody.uid, nobody.gid);
  const as = isRoot ? nobody : {};
  const data = join(folder, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N', '-E', 'UTF8', '--locale=C'], {
    ...{ cwd: folder, stdio: 'ignore', ...as },
  });
  let child: ChildProcess | null = null;
  const start = async () => {
    const settings = ['fsync=off', 'shared_buffers=16MB', 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
    const started = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])],
      {
        ...{ cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...as },
      },
    );
    child = started;
    let said = '';
    started.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    await until(() => {
      if (started.exitCode !== null) throw new Error(said);
      return said.includes('ready to accept connections');
    }, 'the server is ready');
  };
  const stop = async () => {
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    // "Immediate shutdown": every session ends, nothing is waited for.
    child.kill('SIGQUIT');
    await gone;
    child = null;
  };
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop,
    start,
    remove: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
