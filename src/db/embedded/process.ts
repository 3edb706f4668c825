import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { type EmbeddedMessage, type EmbeddedUrls, SERVED_BY, type ServedBy, servedBy } from './embedded.ts';
import { serveInTurns } from './serve.ts';

const DATABASES = ['workflows', 'backoffice', 'mythoria'] as const;

const dataDir = process.argv[2] ?? '.data';
const lockFile = join(dataDir, SERVED_BY);

function tell(message: EmbeddedMessage): void {
  // Who has gone meanwhile need not be told, and is no error: what follows from it is `disconnect`.
  if (process.connected) process.send?.(message, () => {});
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The lock is a file made exclusively, with a port that is open as long as this process lives. */
async function takeFolder(): Promise<{ pid: number; lockPort: number }> {
  if (await servedBy(dataDir)) {
    throw new Error(
      `The data folder ${dataDir} is in use by another running Mythoria Admin: stop that one, or set DATA_DIR`,
    );
  }
  const alive = createServer((socket) => socket.destroy()).unref();
  alive.listen(0, '127.0.0.1');
  await once(alive, 'listening');
  const lock = { pid: process.pid, lockPort: (alive.address() as AddressInfo).port };
  try {
    rmSync(lockFile, { force: true });
    // In one go: a file without its content would look like one that a killed process left.
    writeFileSync(lockFile, JSON.stringify({ ...lock, urls: null } satisfies ServedBy), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new Error(`The data folder ${dataDir} cannot be written: ${(error as Error).message}`);
  }
  return lock;
}

/**
 * PostgreSQL's initdb takes most of the first start, so it runs once and the other databases are copies. Each folder gets
 * its name only when it is complete: a kill midway is repeated, never mistaken for a database.
 */
async function createMissing(): Promise<void> {
  const paths = DATABASES.map((name) => join(dataDir, name));
  const missing = [];
  for (const path of paths) if (!(await exists(path))) missing.push(path);
  if (missing.length === 0) return;

  tell({ progress: 'Creating the embedded PostgreSQL databases (once, about ten seconds)' });
  const template = join(dataDir, 'template.partial');
  await rm(template, { recursive: true, force: true });
  const database = await PGlite.create(template);
  await database.close();
  for (const path of missing) {
    await rm(`${path}.partial`, { recursive: true, force: true });
    // Nothing else is to be done here meanwhile, and with promises a thousand small files take five times as long.
    cpSync(template, `${path}.partial`, { recursive: true });
    await rename(`${path}.partial`, path);
  }
  await rm(template, { recursive: true, force: true });
}

/** PostgreSQL's own 128 MB for the records; for the others less, which takes a quarter off the time that opening one takes. */
const BUFFERS = { workflows: '128MB', backoffice: '32MB', mythoria: '8MB' };

async function serve(name: keyof typeof BUFFERS, password: string) {
  const options = {
    extensions: { pg_trgm },
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${BUFFERS[name]}`],
  };
  const database = await PGlite.create(join(dataDir, name), options).catch((error: Error) => {
    const advice = 'delete the folder to begin anew';
    throw new Error(`The embedded database in ${join(dataDir, name)} cannot be opened (${error.message}): ${advice}`);
  });
  const server = await serveInTurns(database, password, (error) => {
    console.error(`The embedded database ${name} has failed: ${error.message}`);
    process.exit(1);
  });
  return { database, server, url: `postgres://postgres:${password}@127.0.0.1:${server.port}/postgres` };
}

// Ctrl-C and a closed terminal reach the whole process group; the parent stops first, with its queries, and then lets go
// of this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

try {
  const lock = await takeFolder();
  // Nobody waits for databases that are still being made; what is half done is done again at the next start.
  const abandon = () => {
    rmSync(lockFile, { force: true });
    process.exit(0);
  };
  process.once('disconnect', abandon);
  if (!process.connected) abandon();

  await createMissing();
  tell({ progress: 'Opening the embedded databases' });
  // Made anew at every start, and told to those who may read the file that holds it: any account of the machine reaches the port.
  const password = randomBytes(32).toString('base64url');
  const [workflows, backoffice, mythoria] = await Promise.all([
    serve('workflows', password),
    serve('backoffice', password),
    serve('mythoria', password),
  ]);
  const served = [workflows, backoffice, mythoria];
  const urls: EmbeddedUrls = { workflows: workflows.url, backoffice: backoffice.url, mythoria: mythoria.url };
  writeFileSync(`${lockFile}.partial`, JSON.stringify({ ...lock, urls } satisfies ServedBy), { mode: 0o600 });
  renameSync(`${lockFile}.partial`, lockFile);

  const close = async () => {
    for (const { server, database } of served) {
      await server.stop();
      await database.close();
    }
  };
  process.off('disconnect', abandon).once('disconnect', () => {
    close().then(abandon, abandon);
  });
  tell({ ready: urls });
} catch (error) {
  tell({ failed: (error as Error).message });
  process.exitCode = 1;
  process.disconnect?.();
}
