import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { handled } from '../../units/promises/handled.ts';
import type { DatabaseUrls } from '../connect.ts';

export type EmbeddedUrls = DatabaseUrls & { mythoria: string };

export type Embedded = { urls: EmbeddedUrls; stop: () => Promise<void>; ended: Promise<void> };

/** What the child process tells its parent. */
export type EmbeddedMessage = { progress: string } | { ready: EmbeddedUrls } | { failed: string };

/** The file in the data folder that says who serves it, and so keeps others out; `urls` follow when they are known. */
export const SERVED_BY = 'served-by.json';
export type ServedBy = { pid: number; lockPort: number; urls: EmbeddedUrls | null };

const STOP_WITHIN_MS = 8_000;

/** Who serves the databases of this folder now, or null. */
export async function servedBy(dataDir: string): Promise<ServedBy | null> {
  try {
    const served = JSON.parse(await readFile(join(dataDir, SERVED_BY), 'utf8')) as ServedBy;
    // The file outlives a process that was killed, and its number may be another's by now: its open port may not.
    return isAlive(served.pid) && (await listensAt(served.lockPort)) ? served : null;
  } catch {
    return null;
  }
}

/** The addresses of the embedded databases that another process serves from this folder, or null. */
export async function runningEmbedded(dataDir: string): Promise<EmbeddedUrls | null> {
  return (await servedBy(dataDir))?.urls ?? null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function listensAt(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Starts a child process that serves one PGlite (PostgreSQL as WebAssembly) per database on loopback, from `dataDir`.
 * A process of its own, because a query there blocks its event loop; it ends when this one does, however that ends.
 * @throws Error in one line: folder not writable, or already served by another process
 */
export async function startEmbedded(dataDir: string, onProgress: (line: string) => void): Promise<Embedded> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`The data folder ${dataDir} cannot be written: ${(error as Error).message}`);
  }
  const child = fork(join(import.meta.dirname, 'process.ts'), [dataDir], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = handled(new Promise<void>((resolve) => child.once('exit', () => resolve())));

  const urls = await new Promise<EmbeddedUrls>((resolve, reject) => {
    // Not at its exit, which may be noticed before the message that gives the reason.
    child.once('disconnect', () => reject(new Error('The embedded database ended while it was starting')));
    child.on('message', (message: EmbeddedMessage) => {
      if ('progress' in message) onProgress(message.progress);
      else if ('ready' in message) resolve(message.ready);
      else reject(new Error(message.failed));
    });
  });

  const stop = async () => {
    if (child.connected) child.disconnect();
    const patience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(patience);
  };
  return { urls, stop, ended };
}
