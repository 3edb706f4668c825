import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { pino } from 'pino';
import { createApp } from '../../src/app.ts';
import { cookiesOf } from '../../src/auth/cookies.ts';
import { requirePerson } from '../../src/auth/require-person.ts';
import { sessions } from '../../src/auth/session.ts';
import { readConfig } from '../../src/config.ts';
import { DATABASE_OF, openDatabases } from '../../src/db/connect.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { systemLookup } from '../../src/delivery/targets.ts';
import { startJobs } from '../../src/jobs/jobs.ts';
import { rollupsJob } from '../../src/jobs/list.ts';
import { createMetrics } from '../../src/measuring/metrics.ts';
import { watchDatabases } from '../../src/measuring/watch-databases.ts';
import { READ_AHEAD } from '../../src/pages.ts';
import { openReader } from '../../src/stats/open-reader.ts';
import { keepDayTokens } from '../../src/stats/pricing/keep-day-tokens.ts';
import type { UsageReader } from '../../src/stats/reader.ts';
import { backfill } from '../../src/stats/rollups/keep/backfill.ts';
import { createOrigin } from '../../src/stats/rollups/keep/origin.ts';
import { tick } from '../../src/stats/rollups/keep/tick.ts';
import { createOutages } from '../../src/units/failures/outages.ts';
import { createFormat } from '../../src/units/format.ts';
import { now } from '../../src/units/time.ts';
import { requestLog } from '../../src/web/log.ts';
import { noStore, securityHeaders } from '../../src/web/security.ts';

/**
 * The server under measurement, a process of its own so that its memory and event loop are its own. Commands come over
 * IPC: { do: 'backfill' | 'prices' | 'tick' | 'keep' | 'memory' | 'resident' | 'reuse' | 'warm up' }; each is
 * answered by { done, ms, … }.
 */
const urls = JSON.parse(process.argv[2] ?? '{}') as { workflows: string; backoffice: string };
const SECRET = 'a secret for the benchmark only, long enough';

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
// biome-ignore lint/style/noProcessEnv: what a budget buys is measured too
const { MEMORY_BUDGET_MB } = process.env;
const config = readConfig({ APP_URL: origin, NODE_ENV: 'test', API_PER_MINUTE: '0', MEMORY_BUDGET_MB });
const log = pino({ level: 'warn' });
const databases = openDatabases({ ...urls, mythoria: null });
await migrateBackoffice(databases.backoffice);

const metrics = createMetrics();
watchDatabases(databases, DATABASE_OF, metrics);
const rollupsOrigin = createOrigin(databases, log);
const sending = { appUrl: config.appUrl, mail: null, targets: { allowedHosts: [], lookup: systemLookup } };
const isStopping = () => false;
const { timeZone, memoryBytes } = config;
const openedReader = (reuseForMs: number) =>
  openReader({ databases, timeZone, memoryBytes, log, origin: rollupsOrigin, reuseForMs, isStopping, metrics });
const appOf = (reader: UsageReader) =>
  createApp({
    // Answers of the engine are not reused unless that is asked for; what stands on every page is, as it is served.
    ...{ config, databases, log, isStopping, reader, reuseForMs: 5_000, rollupsOrigin, sending, metrics, redis: null },
    secrets: [SECRET],
  });

/** The least that a page of ours can cost: the same stack and session, answering from SELECT 1. */
function floorApp() {
  const app = express();
  app.use(securityHeaders({ https: false }));
  app.use(requestLog(log));
  app.use(sessions({ database: databases.sessions, secrets: [SECRET], cookies: cookiesOf(config.appUrl) }));
  app.use(requirePerson({ ...config, cookies: cookiesOf(config.appUrl) }), noStore);
  app.get('/floor', async (_req, res) => {
    const { rows } = await databases.workflows.raw('SELECT 1 AS one');
    res.json(rows);
  });
  return app;
}

const reader = openedReader(0);
let app = appOf(reader);
const floor = floorApp();
server.on('request', (req, res) => (req.url === '/floor' ? floor(req, res) : app(req, res)));

/** The time that queries of a piece of work take on the source, added up. */
async function sourceTime(work: () => Promise<void>): Promise<number> {
  const begun = new Map<string, number>();
  let total = 0;
  const onQuery = ({ __knexQueryUid: id }: { __knexQueryUid: string }) => begun.set(id, performance.now());
  const onResponse = (_response: unknown, { __knexQueryUid: id }: { __knexQueryUid: string }) => {
    total += performance.now() - (begun.get(id) ?? performance.now());
  };
  databases.workflows.on('query', onQuery).on('query-response', onResponse);
  await work();
  databases.workflows.off('query', onQuery).off('query-response', onResponse);
  return total;
}

let mostResident = process.memoryUsage.rss();
setInterval(() => {
  mostResident = Math.max(mostResident, process.memoryUsage.rss());
}, 20).unref();

type Command = { do: 'backfill' | 'prices' | 'tick' | 'keep' | 'memory' | 'resident' | 'reuse' | 'warm up' };

const commands: Record<Command['do'], () => Promise<object>> = {
  backfill: async () => {
    await backfill(databases, config.timeZone, now());
    return {};
  },
  /** As where somebody keeps a price list, and its clock has gathered the tokens of the days: the overview tells the difference then. */
  prices: async () => {
    await databases.backoffice.raw(
      `INSERT INTO prices (model, from_day, currency, input_per_million, output_per_million, created_by)
       SELECT '*', '2020-01-01', 'EUR', 1.37, 10.03, 'bench' WHERE NOT EXISTS (SELECT FROM prices)`,
    );
    await keepDayTokens(databases, async () => true);
    return {};
  },
  tick: async () => ({ source: await sourceTime(() => tick(databases, config.timeZone, now())) }),
  // As in production: a tick a minute, whatever is being measured.
  keep: async () => {
    const options = { replicas: true, outages: createOutages(log), origin: rollupsOrigin };
    startJobs([rollupsJob(databases, config.timeZone, log, options)], metrics);
    return {};
  },
  memory: async () => ({ peakMb: Math.round(process.resourceUsage().maxRSS / 1024) }),
  /** What the process holds now, garbage collected, and the most since this was last asked. */
  resident: async () => {
    const peakMb = Math.round(mostResident / 2 ** 20);
    global.gc?.();
    mostResident = process.memoryUsage.rss();
    return { nowMb: Math.round(mostResident / 2 ** 20), peakMb };
  },
  /** As a process does in the background once it has started. */
  'warm up': async () => {
    await READ_AHEAD({ databases, reader, format: createFormat(config.locale, timeZone) }, isStopping);
    return {};
  },
  reuse: async () => {
    app = appOf(openedReader(5_000));
    return {};
  },
};

const answer = async (command: Command) => {
  const begun = performance.now();
  const result = await commands[command.do]();
  process.send?.({ done: command.do, ms: performance.now() - begun, ...result });
};
process.on('message', (command: Command) => {
  answer(command).catch((error) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ origin });
