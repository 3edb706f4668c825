import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { type DatabaseUrls, openDatabase } from '../../src/db/connect.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { createMythoriaTables, createWorkflowsTables } from '../../src/demo/source-tables.ts';

/** Writable connections for tests; the app under test opens its own, as in production. */
export type TestDatabases = { workflows: Knex; backoffice: Knex; mythoria: Knex };
export type TestUrls = DatabaseUrls & { mythoria: string };

type Running = { urls: TestUrls; databases: TestDatabases; stop: () => Promise<void> };

let running: Running | null = null;

export const NAMES = ['workflows', 'backoffice', 'mythoria'] as const;

function current(): Running {
  if (!running) throw new Error('the test databases are not started');
  return running;
}

export const databases = (): TestDatabases => current().databases;
export const databaseUrls = (): TestUrls => current().urls;

/** Whether the run has a PostgreSQL server: real concurrency and timeouts, which the embedded database does not have. */
export const onServer = (): boolean => Boolean(process.env.TEST_DATABASE_URL);

async function freshOnServer(server: string): Promise<{ urls: TestUrls; stop: () => Promise<void> }> {
  const admin = openDatabase(server, { maxConnections: 2 });
  const suffix = randomBytes(4).toString('hex');
  const name = (database: string) => `mythoria_test_${suffix}_${database}`;
  for (const database of NAMES) await admin.raw('CREATE DATABASE ??', [name(database)]);
  const url = (database: string) => Object.assign(new URL(server), { pathname: `/${name(database)}` }).href;
  return {
    urls: { workflows: url('workflows'), backoffice: url('backoffice'), mythoria: url('mythoria') },
    stop: async () => {
      for (const database of NAMES) await admin.raw('DROP DATABASE ?? WITH (FORCE)', [name(database)]);
      await admin.destroy();
    },
  };
}

async function freshEmbedded(): Promise<{ urls: TestUrls; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-test-'));
  const embedded = await startEmbedded(folder, () => {});
  return {
    urls: embedded.urls,
    stop: async () => {
      await embedded.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Fresh databases for this run: on TEST_DATABASE_URL's server, or embedded; migrated, empty, gone afterwards. */
export async function startDatabases(): Promise<void> {
  const server = process.env.TEST_DATABASE_URL;
  const { urls, stop } = server ? await freshOnServer(server) : await freshEmbedded();
  const open = (url: string) => openDatabase(url, { maxConnections: 4 });
  const databases = {
    workflows: open(urls.workflows),
    backoffice: open(urls.backoffice),
    mythoria: open(urls.mythoria),
  };
  running = { urls, databases, stop };
  await migrateBackoffice(databases.backoffice);
  await createWorkflowsTables(databases.workflows);
  await createMythoriaTables(databases.mythoria);
}

export async function stopDatabases(): Promise<void> {
  if (!running) return;
  const { databases, stop } = running;
  running = null;
  await Promise.all(Object.values(databases).map((database) => database.destroy()));
  await stop();
}
