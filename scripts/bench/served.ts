import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Knex } from 'knex';
import packageJson from '../../package.json' with { type: 'json' };
import { openDatabase } from '../../src/db/connect.ts';
import { RECOMMENDED_INDEXES } from '../../src/stats/indexes.ts';
import { withProgressBar } from '../progress-bar.ts';
import { generateRows, type Lifetime, topUp } from './rows.ts';

/** The records to measure: so many, of stories that live so long. */
export type Size = { rows: number; stories: Lifetime };

/** The databases of a size, generated once and kept for the next run. */
async function prepare(server: string, { rows, stories }: Size) {
  const name = (database: string) => `mythoria_bench_${rows}${stories === 'year' ? '_year' : ''}_${database}`;
  const url = (database: string) => Object.assign(new URL(server), { pathname: `/${name(database)}` }).href;
  const admin = openDatabase(server, { maxConnections: 1 });
  for (const database of ['workflows', 'backoffice']) {
    const { rows: found } = await admin.raw('SELECT 1 FROM pg_database WHERE datname = ?', [name(database)]);
    if (found.length === 0) await admin.raw('CREATE DATABASE ??', [name(database)]);
  }
  await admin.destroy();
  const workflows = openDatabase(url('workflows'), { maxConnections: 2 });
  const { rows: tables } = await workflows.raw(`SELECT to_regclass('token_usage_tracking') IS NOT NULL AS there`);
  if (!tables[0].there) {
    await withProgressBar('Rows', 'rows', (onProgress) =>
      withoutTimeout(url('workflows'), (database) =>
        generateRows(database, rows, new Date().toISOString(), stories, (done) => onProgress({ done, total: rows })),
      ),
    );
  }
  await withoutTimeout(url('workflows'), async (database) => {
    for (const { statement } of RECOMMENDED_INDEXES)
      await database.raw(statement.replace('INDEX CONCURRENTLY', 'INDEX IF NOT EXISTS'));
  });
  await withoutTimeout(url('workflows'), topUp);
  return { workflows, urls: { workflows: url('workflows'), backoffice: url('backoffice') } };
}

async function withoutTimeout(url: string, work: (database: Knex) => Promise<void>): Promise<void> {
  const database = openDatabase(url, { maxConnections: 1, unhurried: true });
  await work(database);
  await database.destroy();
}

type Reply = { ms: number; source?: number; peakMb?: number; nowMb?: number };

/** Has the server process do something, and tells what it says of it. */
export function ask(child: ChildProcess, command: string): Promise<Reply> {
  return new Promise((resolve) => {
    child.once('message', (reply) => resolve(reply as Reply));
    child.send({ do: command });
  });
}

/** A server process and the databases that it reads. */
export type Served = {
  child: ChildProcess;
  origin: string;
  /** When the process was started, as performance.now() tells it. */
  startedAt: number;
  size: Size;
  workflows: Knex;
  url: string;
  backoffice: string;
};

/** Those that `npm start` starts with. */
const heapLimits = (): string[] => packageJson.scripts.start.match(/--max-\S+/g) ?? [];

/** As the image does, Node 24 reads TypeScript by itself, and what it compiled with a NODE_COMPILE_CACHE once. */
const typeScript = (): string[] =>
  Number.parseInt(process.versions.node, 10) >= 24 ? [] : ['--import', import.meta.resolve('tsx')];

/** Works with a server process over the rows of a size. */
export async function withServer(server: string, size: Size, work: (served: Served) => Promise<void>): Promise<void> {
  const { workflows, urls } = await prepare(server, size);
  const startedAt = performance.now();
  const child = fork(join(import.meta.dirname, 'server.ts'), [JSON.stringify(urls)], {
    execArgv: ['--expose-gc', ...heapLimits(), ...typeScript()],
  });
  try {
    const [{ origin }] = (await once(child, 'message')) as [{ origin: string }];
    await work({ child, origin, startedAt, size, workflows, url: urls.workflows, backoffice: urls.backoffice });
  } finally {
    child.disconnect();
    await workflows.destroy();
  }
}
