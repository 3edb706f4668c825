import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { openDatabase } from '../../../src/db/connect.ts';
import { createWorkflowsTables } from '../../../src/demo/source-tables.ts';
import { auditAll } from '../../../src/stats/rollups/keep/tick.ts';
import { addTime, HOUR, now } from '../../../src/units/time.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases, databaseUrls } from '../../support/databases.ts';
import { keepRollups } from '../../support/keeping.ts';
import { memoryLog } from '../../support/log.ts';
import { until } from '../../support/until.ts';
import { insertUsage } from '../../support/usage.ts';

const ZONE = 'Europe/Lisbon';
export const TICK_MS = 50;

/** A workflows_db of its own. */
type Source = { name: string; url: string; database: Knex };
const made: Source[] = [];
export const running: { stop: () => Promise<void> }[] = [];

function open(name: string): Source {
  const url = Object.assign(new URL(databaseUrls().workflows), { pathname: `/${name}` }).href;
  return { name, url, database: openDatabase(url, { maxConnections: 2 }) };
}

/** One with `count` records, an hour each; none of the last hours, which are read from the records in any case. */
export async function makeSource(count: number): Promise<Source> {
  const name = `mythoria_test_${randomBytes(4).toString('hex')}_source`;
  await databases().mythoria.raw('CREATE DATABASE ??', [name]);
  const source = open(name);
  made.push(source);
  await createWorkflowsTables(source.database);
  await insertUsage(
    Array.from({ length: count }, (_, i) => ({ at: addTime(now(), -BigInt(40 + 7 * i) * HOUR) })),
    source.database,
  );
  return source;
}

/** As a restore does: the same records, or those of some hours, in a table and an enum with object ids of their own. */
export async function copyOf({ database }: Source, holds: (hour: number) => boolean = () => true): Promise<Source> {
  const copy = await makeSource(0);
  await copy.database.raw("CREATE TYPE another_enum AS ENUM ('x'); CREATE TABLE another (x int)");
  const rows = (await database('token_usage_tracking').select().orderBy('created_at', 'desc')).filter((_, i) =>
    holds(i),
  );
  await copy
    .database('token_usage_tracking')
    .insert(rows.map((row) => ({ ...row, input_prompt_json: JSON.stringify(row.input_prompt_json) })));
  return copy;
}

/** The address of the first leads to the second from now on, and the other way round, as when a name moves to another server. */
export async function swap(a: Source, b: Source): Promise<void> {
  const { mythoria } = databases();
  await Promise.all([a.database.destroy(), b.database.destroy()]);
  const rename = async (from: string, to: string) => {
    for (let tried = 0; ; tried++) {
      await mythoria.raw('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?', [from]);
      try {
        return await mythoria.raw('ALTER DATABASE ?? RENAME TO ??', [from, to]);
      } catch (error) {
        // Somebody has connected meanwhile.
        if (tried > 100) throw error;
      }
    }
  };
  await rename(a.name, `${a.name}_away`);
  await rename(b.name, a.name);
  await rename(`${a.name}_away`, b.name);
  a.database = open(a.name).database;
  b.database = open(b.name).database;
}

/** Three more ticks find that their source is the one of the rollups. */
export async function threeTicks({ entries }: { entries: () => unknown }): Promise<void> {
  for (let ticks = 0; ticks < 3; ticks++) {
    const { confirmed } = await state();
    await until(async () => (await state()).confirmed !== confirmed, entries);
  }
}

export const state = async () => {
  const row = await databases().backoffice('rollup_state').first();
  return { build: row.build as string, content: row.content_version as string, confirmed: String(row.confirmed_at) };
};

/** Stops what was started and drops what was made. */
export async function endAll(): Promise<void> {
  for (const one of running.splice(0).reverse()) await one.stop();
  for (const { name, database } of made.splice(0)) {
    await database.destroy();
    await databases().mythoria.raw('DROP DATABASE ?? WITH (FORCE)', [name]);
  }
}

export const coverWith = ({ database }: Source) =>
  auditAll({ workflows: database, backoffice: databases().backoffice }, ZONE, now());

/** An app on a source, which ticks when it is told to. */
export async function startOn({ url }: Source) {
  const { log, entries } = memoryLog();
  const app: RunningApp = await startApp({ urls: { workflows: url }, log });
  running.push({ stop: app.close });
  const client: Client = await signedIn(app.origin);
  const said = (line: RegExp) => entries().filter(({ message }) => line.test(String(message))).length;
  return {
    said,
    requests: async () => (await client.get('/api/ai-usage/stats?period=90d')).body.totalRequests as number,
    page: async () => (await client.get('/ai-usage?period=90d')).text,
    ready: async () => (await client.get('/readyz')).body.rollups as string | undefined,
    tick: ({ replicas = false, lookMs = TICK_MS } = {}) =>
      running.push(
        keepRollups(app.databases, ZONE, log, { replicas, lookMs, everyMs: TICK_MS, origin: app.rollupsOrigin }),
      ),
    entries,
  };
}
