import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';

export type PgBouncer = { urlOf: (database: string) => string; close: () => Promise<void> };

/** Where Debian puts it, which is not on everybody's path. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];

/** Where PgBouncer is, or undefined. */
export const pgBouncerPath = () => FOLDERS.map((folder) => join(folder, 'pgbouncer')).find(existsSync);

/** A PgBouncer before a server; in transaction mode it has so few connections that queries have to share them. */
export async function startPgBouncer(server: string, mode: 'session' | 'transaction'): Promise<PgBouncer> {
  const { hostname, port, username, password } = new URL(server);
  const listening = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-pgbouncer-'));
  const file = (name: string) => join(folder, name);
  await writeFile(file('users.txt'), `"${username}" "${password}"\n`);
  await writeFile(
    file('pgbouncer.ini'),
    `[databases]
* = host=${hostname} port=${port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listening}
unix_socket_dir =
auth_type = trust
auth_file = ${file('users.txt')}
pool_mode = ${mode}
default_pool_size = ${mode === 'transaction' ? 3 : 50}
max_client_conn = 200
logfile = ${file('log')}
`,
  );
  // It refuses to run as root; nobody's is the number that any system has for such programs.
  const nobody = 65_534;
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    await chmod(folder, 0o755);
    for (const path of [folder, file('users.txt'), file('pgbouncer.ini')]) await chown(path, nobody, nobody);
  }
  const child = spawn(pgBouncerPath() ?? 'pgbouncer', ['-q', file('pgbouncer.ini')], {
    stdio: 'ignore',
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const exited = once(child, 'exit');
  while (!(await listens(listening))) {
    if (child.exitCode !== null) throw new Error(`PgBouncer has ended with ${child.exitCode}`);
    await sleep(20);
  }
  return {
    urlOf: (database) => `postgres://${username}@127.0.0.1:${listening}/${database}`,
    close: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => done(true)).on('error', () => done(false));
    socket.on('connect', () => socket.destroy());
  });
}
