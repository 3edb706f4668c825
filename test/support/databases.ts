import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Knex } from 'knex';
import { type DatabaseUrls, openDatabase } from '../../src/db/connect.ts';
import { type Embedded, startEmbedded } from '../../src/db/embedded/embedded.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { createMythoriaTables, createWorkflowsTables } from '../../src/demo/source-tables.ts';
import { arrangeSource, startSource, stopSource } from './source.ts';

/** Writable connections for tests; the app under test opens its own, as in production. */
export type TestDatabases = { workflows: Knex; backoffice: Knex; mythoria: Knex };
export type TestUrls = DatabaseUrls & { mythoria: string };

/** `source` is workflows_db as the program reads it, by way of `urls`; tests write by `databases`. */
type Running = { urls: TestUrls; databases: TestDatabases; source: Knex; embedded: Embedded | null };

let running: Running | null = null;

export const NAMES = ['workflows', 'backoffice', 'mythoria'] as const;

function current(): Running {
  if (!running) throw new Error('the test databases are not started');
  return running;
}

export const databases = (): TestDatabases => current().databases;
export const databaseUrls = (): TestUrls => current().urls;
/** The databases as what keeps the rollups has them. */
export const databasesAsRead = (): TestDatabases => ({ ...current().databases, workflows: current().source });

/** Whether the run has a PostgreSQL server: real concurrency and timeouts, which the embedded database does not have. */
export const onServer = (): boolean => Boolean(process.env.TEST_DATABASE_URL);

/** The setting by which a run tells its workers where their databases are: the beginning of their names, or a folder. */
const TEMPLATE = 'TEST_DATABASES_TEMPLATE';
/** And that for the folder of those that they copy, where they are embedded. */
const EMBEDDED = 'TEST_DATABASES_EMBEDDED';

function template(): string {
  const name = process.env[TEMPLATE];
  if (!name) throw new Error('the databases of the run are not made');
  return name;
}

/** Numbers the processes of a run; one that runs all files itself is the first. */
const WORKER = process.env.MOCHA_WORKER_ID ?? '0';

function urlsOnServer(owner: string): TestUrls {
  const url = (database: string) =>
    Object.assign(new URL(process.env.TEST_DATABASE_URL ?? ''), { pathname: `/${template()}_${owner}_${database}` })
      .href;
  return { workflows: url('workflows'), backoffice: url('backoffice'), mythoria: url('mythoria') };
}

function open(urls: TestUrls): TestDatabases {
  const one = (url: string) => openDatabase(url, { maxConnections: 4 });
  return { workflows: one(urls.workflows), backoffice: one(urls.backoffice), mythoria: one(urls.mythoria) };
}

const close = (opened: TestDatabases) => Promise.all(Object.values(opened).map((database) => database.destroy()));

/** The databases that every worker of a run begins with: migrated, without rows. */
async function fillTemplate(urls: TestUrls): Promise<void> {
  const opened = open(urls);
  await migrateBackoffice(opened.backoffice);
  await createWorkflowsTables(opened.workflows);
  await createMythoriaTables(opened.mythoria);
  await close(opened);
}

async function onTestServer(work: (admin: Knex) => Promise<void>): Promise<void> {
  const admin = openDatabase(process.env.TEST_DATABASE_URL ?? '', { maxConnections: 2, unhurried: true });
  await work(admin).finally(() => admin.destroy());
}

/** The embedded databases that others are copied from, below the checkout: PostgreSQL's initdb alone takes ten seconds. */
const KEPT = resolve('node_modules/.cache/mythoria-admin-databases');
const MAKING = 'making-';
/** What they are made by and of: where any of it changes, they are made anew. */
const MADE_OF = ['package-lock.json', 'src/db', 'src/demo', 'test/support/databases.ts'];

const filesIn = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => filesIn(join(path, name)))
    : [path];

/** The folder of the embedded databases that every worker begins with, made unless an earlier run has. */
async function keptEmbedded(): Promise<string> {
  const hash = createHash('sha256');
  for (const path of MADE_OF.flatMap(filesIn)) hash.update(`${path}\0`).update(readFileSync(path));
  const kept = join(KEPT, hash.digest('hex').slice(0, 16));
  if (existsSync(kept)) return kept;
  await mkdir(KEPT, { recursive: true });
  const outdated = readdirSync(KEPT);
  const making = await mkdtemp(join(KEPT, MAKING));
  const embedded = await startEmbedded(making, () => {});
  await fillTemplate(embedded.urls);
  await embedded.stop();
  // Another run may have made them meanwhile.
  await rename(making, kept).catch(() => rm(making, { recursive: true }));
  for (const name of outdated.filter((one) => !one.startsWith(MAKING)))
    await rm(join(KEPT, name), { recursive: true, force: true });
  return kept;
}

/** Once for a run, before its workers start: on TEST_DATABASE_URL's server, or in a folder for embedded ones. */
export async function makeTemplate(): Promise<void> {
  if (onServer()) {
    process.env[TEMPLATE] = `mythoria_test_${randomBytes(4).toString('hex')}`;
    await onTestServer(async (admin) => {
      for (const name of NAMES) await admin.raw('CREATE DATABASE ??', [`${template()}_template_${name}`]);
    });
    const urls = urlsOnServer('template');
    await fillTemplate(urls);
    const workflows = openDatabase(urls.workflows, { maxConnections: 1 });
    await onTestServer((admin) => startSource(admin, workflows, `${template()}_reader`));
    await workflows.destroy();
    return;
  }
  process.env[EMBEDDED] = await keptEmbedded();
  process.env[TEMPLATE] = await mkdtemp(join(tmpdir(), 'mythoria-admin-test-'));
}

/** Once, when the workers have ended: nothing of the run stays. */
export async function removeDatabases(): Promise<void> {
  // A process of databases that has been told to end may still be writing its last.
  if (!onServer()) return rm(template(), { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  await onTestServer(async (admin) => {
    const made = await admin('pg_database').where('datname', 'like', `${template()}%`).pluck('datname');
    for (const name of made) await admin.raw('DROP DATABASE ?? WITH (FORCE)', [name]);
    await stopSource(admin, `${template()}_reader`, template());
  });
}

/** The databases of this process, copied from the template at its first file of tests. */
export async function startDatabases(): Promise<void> {
  if (running) return;
  if (onServer()) {
    await onTestServer(async (admin) => {
      for (const name of NAMES) {
        const names = [`${template()}_${WORKER}_${name}`, `${template()}_template_${name}`];
        await admin.raw('CREATE DATABASE ?? TEMPLATE ??', names);
      }
    });
    const urls = urlsOnServer(WORKER);
    const databases = open(urls);
    const read = await arrangeSource(databases.workflows, urls.workflows, databases.backoffice);
    const source =
      read === urls.workflows ? databases.workflows : openDatabase(read, { maxConnections: 4, readOnly: true });
    running = { urls: { ...urls, workflows: read }, databases, source, embedded: null };
    return;
  }
  const folder = join(template(), WORKER);
  // Not with promises: of thousands of small files they take five times the processor.
  cpSync(process.env[EMBEDDED] ?? '', folder, { recursive: true });
  const embedded = await startEmbedded(folder, () => {});
  const databases = open(embedded.urls);
  running = { urls: embedded.urls, databases, source: databases.workflows, embedded };
}

/** For a process that runs all files itself: what it has opened would keep it from ending. */
export async function stopDatabases(): Promise<void> {
  if (!running) return;
  const { databases, source, embedded } = running;
  running = null;
  await close(databases);
  await source.destroy();
  await embedded?.stop();
}
