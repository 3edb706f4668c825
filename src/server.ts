import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { makeExamples } from './alerts/examples.ts';
import { createApp } from './app.ts';
import { keptSessionSecret } from './auth/session-secret.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import {
  closeDatabases,
  DATABASE_OF,
  type Databases,
  type DatabaseUrls,
  openDatabase,
  openDatabases,
  openEmbeddedDatabases,
  placeOf,
} from './db/connect.ts';
import { type Embedded, type EmbeddedUrls, startEmbedded } from './db/embedded/embedded.ts';
import { migrateBackoffice, newerSchemaNote } from './db/migrate.ts';
import { nameProblems, sourceProblems } from './db/source-check.ts';
import { followSourceClock } from './db/source-clock.ts';
import { configuredDatabases, lastingProblems } from './db/start-check.ts';
import { systemLookup } from './delivery/targets.ts';
import { starting } from './health.ts';
import { startJobs } from './jobs/jobs.ts';
import { demoJob, everyJob, systemJob } from './jobs/list.ts';
import { answerMetrics } from './measuring/answer.ts';
import { createMetrics } from './measuring/metrics.ts';
import { watchProcess } from './measuring/process.ts';
import { watchState } from './measuring/state.ts';
import { VERSION } from './measuring/version.ts';
import { watchDatabases } from './measuring/watch-databases.ts';
import { READ_AHEAD } from './pages.ts';
import { STATE_METRICS } from './state-metrics.ts';
import { RECOMMENDED_INDEXES } from './stats/indexes.ts';
import { openReader } from './stats/open-reader.ts';
import { readCoverage } from './stats/rollups/coverage.ts';
import { refreshWindows } from './stats/rollups/keep/mend.ts';
import { createOrigin } from './stats/rollups/keep/origin.ts';
import { RECENT } from './stats/rollups/keep/tick.ts';
import { keepSystem, type OwnProcess } from './system/keep.ts';
import { loggable } from './units/failures/loggable.ts';
import { createOutage } from './units/failures/outage.ts';
import { createOutages } from './units/failures/outages.ts';
import { reasonOf } from './units/failures/reason.ts';
import { createFormat } from './units/format.ts';
import { handled } from './units/promises/handled.ts';
import { addTime, earliest, type Instant, now, type Window } from './units/time.ts';
import { listen } from './web/listening/listen.ts';
import { createLog } from './web/log.ts';
import { securityHeaderValues } from './web/security.ts';

/** Cloud Run kills ten seconds after SIGTERM: until then answers and jobs end, and the databases after them. */
const END_WITHIN_MS = 8_000;
/** Short enough that nobody at the screen notices, long enough for a crowd. */
const REUSE_MS = 5_000;
const EXIT_WITHIN_MS = 9_500;

/** For the person at the terminal. In production, where programs read standard output, only the log is written there. */
function say(line: string): void {
  console.log(line);
}

/** In production all is JSON, this too. */
function stop(line: string): never {
  if (lastWord) lastWord.fatal(line);
  else console.error(line);
  process.exit(1);
}
let lastWord: Logger | null = null;
const sayLast = (production: boolean) => {
  lastWord = production ? createLog('fatal', () => {}, process.stderr) : null;
};

// What only some processes need is imported where they do: a start reads no packages for Redis or the demo that it has no use for.
async function main(): Promise<void> {
  const config = loadConfig();
  sayLast(config.production);
  const metrics = createMetrics();
  const log = createLog(config.logLevel, metrics.recent.failed);
  for (const doubt of config.doubts) log.warn(doubt);
  // Before anything slow, so that a taken port is said at once.
  const headers = securityHeaderValues({ https: config.appUrl.protocol === 'https:' });
  const limits = { keepAliveMs: config.keepAliveMs, headers };
  const server = await listen(config.host, config.port, limits, starting(headers));
  if (config.port === 0 && config.appUrl.port === '0') config.appUrl.port = String(server.port);

  if (config.metricsPort !== null)
    await listen(config.host, config.metricsPort, limits, answerMetrics(metrics, headers), 'METRICS_PORT');

  let embedded: Embedded | null = null;
  let stopping = false;
  // While starting there is nothing to put away: the embedded database ends with this process.
  let shutDown = async (_signal: string): Promise<void> => process.exit(130);
  // For good: a signal that comes while one listener gives way to another reaches neither.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      shutDown(signal).catch((error: Error) => stop(reasonOf(error)));
    });
  }

  if (config.databaseUrls === null) embedded = await startEmbedded(config.dataDir, say);
  const databases = openFor(config.databaseUrls, embedded);
  watchProcess(metrics);
  watchDatabases(databases, DATABASE_OF, metrics);
  watchState(STATE_METRICS, databases, metrics);
  const problems = await lastingProblems(configuredDatabases(databases, config.databaseUrls));
  if (problems.length > 0) stop(problems.join('\n'));
  await migrateBackoffice(databases.backoffice).catch((error) => {
    throw new Error(`backoffice_db cannot be migrated: ${reasonOf(error)}`);
  });
  const newer = await newerSchemaNote(databases.backoffice);
  if (newer !== null) log.warn(newer);
  const demoSince = now();
  const demo = embedded ? await import('./demo/keep.ts') : null;
  const filledFrom = embedded && demo ? await fillDemo(demo, embedded.urls) : null;
  const found = [
    ...(await sourceProblems(databases.workflows)),
    ...(databases.mythoria ? await nameProblems(databases.mythoria) : []),
  ];
  for (const problem of found) {
    if (problem.fatal) stop(problem.message);
    if (!embedded) log.warn(problem.message);
  }

  const outages = createOutages(log);
  await followSourceClock(databases.workflows, log, outages);
  const secrets = config.sessionSecrets ?? [await keptSessionSecret(config.dataDir)];
  const goOn = () => {
    if (stopping) throw new Error('stopping');
  };
  const refreshDays = (window: Window) => refreshWindows(databases, [window], { goOn });
  if (filledFrom !== null) {
    // What was written last before this start may have had no time to be computed.
    const { coveredUntil } = await readCoverage(databases.backoffice);
    const from = coveredUntil === null ? filledFrom : earliest(filledFrom, addTime(coveredUntil, -RECENT));
    await refreshDays({ from, to: now() });
  }
  const rollupsOrigin = createOrigin(databases, log);
  // Said at start. A database that does not answer now is asked again by the first page.
  await readCoverage(databases.backoffice)
    .then(rollupsOrigin.fits)
    .catch(() => {});
  const redis =
    config.redisUrl === null
      ? null
      : await (await import('./limits/redis.ts')).openRedis(
          config.redisUrl,
          createOutage(log, 'Redis does not do what it is asked: PostgreSQL does', 'Redis answers again'),
        );
  const isStopping = () => stopping;
  const targets = { allowedHosts: config.webhookAllowedHosts, lookup: systemLookup };
  const sending = { appUrl: config.appUrl, mail: config.mail, targets };
  const { timeZone, memoryBytes, allowedDomains } = config;
  const reuseForMs = REUSE_MS;
  const reader = openReader({
    databases,
    timeZone,
    memoryBytes,
    log,
    origin: rollupsOrigin,
    reuseForMs,
    isStopping,
    metrics,
  });
  const format = createFormat(config.locale, timeZone);
  if (demo) {
    const without = (error: unknown) => log.error({ error: loggable(error) }, 'the demo lacks rules or costs');
    await makeExamples({ databases, reader, format, sending }, demoSince).catch(without);
    const { inventCosts } = await import('./demo/costs/invent.ts');
    await inventCosts(databases, demoSince).catch(without);
  }
  server.answerWith(
    createApp({
      config,
      databases,
      log,
      secrets,
      isStopping,
      reader,
      reuseForMs,
      rollupsOrigin,
      sending,
      metrics,
      redis,
    }),
  );
  const settings = settingsThatMatter(config);
  log.info({ url: config.appUrl.origin, port: server.port, node: process.version, ...VERSION, ...settings }, 'started');
  if (config.google === null) say('Sign-in is a stand-in for Google: whoever reaches this address may enter');
  if (!config.production) say(`Mythoria Admin · AI Usage: ${config.appUrl.origin}`);

  // A demo has little to read, and one connection for all.
  if (embedded === null) {
    const warm = (took: number | null) => {
      if (took !== null && !stopping) log.info({ ms: Math.round(took) }, 'warmed up');
    };
    READ_AHEAD({ databases, reader, format }, isStopping).then(warm, (error) => {
      if (!stopping) log.warn({ error: loggable(error) }, 'not warmed up: the first who ask will wait longer');
    });
  }

  const sources = {
    format,
    databases,
    reader,
    origin: rollupsOrigin,
    sending,
    log,
    replicas: embedded === null,
    allowedDomains,
    auditDays: config.auditDays,
  };
  const own: OwnProcess = { id: randomUUID(), startedAt: now(), recent: metrics.recent, jobs: () => jobs.states() };
  const jobs = startJobs(
    [
      systemJob(databases.backoffice, own, log),
      ...(config.jobs ? everyJob({ ...sources, once: false }) : []),
      ...(embedded && demo
        ? [demoJob(demo.demoGrowth({ urls: embedded.urls, since: demoSince, refresh: refreshDays }), log)]
        : []),
    ],
    metrics,
  );

  shutDown = async (signal) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    // A database that no longer answers would hold its pool open.
    let waitsFor = 'answers';
    const force = () => {
      log.error({ waitsFor, jobs: jobs.underWay() }, 'stopped by force');
      process.exit(1);
    };
    setTimeout(force, EXIT_WITHIN_MS).unref();
    const left = handled(sleep(END_WITHIN_MS, 'left' as const, { ref: false }));
    const jobsEnd = handled(Promise.race([jobs.stop(), left]));
    await server.close({ drainMs: config.drainSeconds * 1000, withinMs: END_WITHIN_MS });
    const jobsAreLeft = (await jobsEnd) === 'left';
    // Nothing is lost: their transactions end without them.
    if (jobsAreLeft) log.warn({ jobs: jobs.underWay() }, 'jobs are left under way: the next run takes them up');
    waitsFor = 'databases';
    await keepSystem(databases.backoffice, own, true).catch(() => {});
    redis?.close();
    // A pool waits for whoever uses one of its connections.
    if (!jobsAreLeft) await closeDatabases(databases);
    await embedded?.stop();
    log.info(VERSION, 'stopped');
    process.exit(0);
  };
  await embedded?.ended;
  if (embedded && !stopping) stop('The embedded database has ended: please start again');
}

/** What somebody who reads a log asks first: where it reads and writes, and what makes two processes differ. No secret is among it. */
function settingsThatMatter({ databaseUrls: urls, redisUrl, adminEmails, mail, google, ...config }: Config) {
  const { allowedDomains, auditDays, timeZone, locale, proxies, signInsPerMinute, apiPerMinute } = config;
  const { metricsPort, drainSeconds, jobs } = config;
  const places = Object.entries(urls ?? {}).map(([name, url]) => [name, url === null ? null : placeOf(url)]);
  return {
    databases: urls === null ? 'embedded' : Object.fromEntries(places),
    redis: redisUrl === null ? null : new URL(redisUrl).host,
    admins: adminEmails.length === 0 ? 'everybody' : adminEmails.length,
    ...{ mail: mail !== null, google: google !== null, allowedDomains, auditDays, timeZone, locale },
    ...{ proxies, signInsPerMinute, apiPerMinute, metricsPort, drainSeconds, jobs },
  };
}

function openFor(urls: DatabaseUrls | null, embedded: Embedded | null): Databases {
  if (embedded) return openEmbeddedDatabases(embedded.urls);
  if (urls) return openDatabases(urls);
  throw new Error('no databases');
}

/** Returns since when there may be rows that the rollups do not know. */
async function fillDemo({ fillEmbedded }: typeof import('./demo/keep.ts'), urls: EmbeddedUrls): Promise<Instant> {
  const { from } = await fillEmbedded(urls, progressLine());
  const workflows = openDatabase(urls.workflows, { maxConnections: 1 });
  for (const { statement } of RECOMMENDED_INDEXES) {
    await workflows.raw(statement.replace('INDEX CONCURRENTLY', 'INDEX IF NOT EXISTS'));
  }
  await workflows.destroy();
  return from;
}

/** "Demo data: 40%" at every tenth, so that a log file stays readable. */
function progressLine(): (progress: { done: number; total: number }) => void {
  let said = -1;
  return ({ done, total }) => {
    const tenth = total === 0 ? 10 : Math.floor((10 * done) / total);
    if (tenth > said) say(`Demo data: ${tenth * 10}%`);
    said = Math.max(said, tenth);
  };
}

main().catch((error: Error) => {
  if (error instanceof ConfigError) sayLast(error.production);
  stop(reasonOf(error));
});
