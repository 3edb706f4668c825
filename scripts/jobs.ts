import { randomUUID } from 'node:crypto';
import { DATABASE_OF } from '../src/db/connect.ts';
import { migrateBackoffice } from '../src/db/migrate.ts';
import { followSourceClock } from '../src/db/source-clock.ts';
import { systemLookup } from '../src/delivery/targets.ts';
import { runOnce, startJobs } from '../src/jobs/jobs.ts';
import { everyJob, systemJob } from '../src/jobs/list.ts';
import { createMetrics } from '../src/measuring/metrics.ts';
import { watchDatabases } from '../src/measuring/watch-databases.ts';
import { openReader } from '../src/stats/open-reader.ts';
import { createOrigin } from '../src/stats/rollups/keep/origin.ts';
import { keepSystem, type OwnProcess } from '../src/system/keep.ts';
import { createOutages } from '../src/units/failures/outages.ts';
import { createFormat } from '../src/units/format.ts';
import { now } from '../src/units/time.ts';
import { createLog } from '../src/web/log.ts';
import { command, interruptible } from './command.ts';
import { withDatabases } from './with-databases.ts';

const JOBS = {
  name: 'jobs',
  does:
    'Does what the server does by the clock, beside a server with JOBS=off, until it is told to end, or once: keeps the\n' +
    'rollups, evaluates rules, delivers what they tell, and cleans up.',
  example: '--once',
  options: {
    once: { type: 'boolean', help: 'do all that is due, say what came of it, and end: with 1 where something failed' },
  },
} as const;

await command(JOBS, ({ once = false }) =>
  interruptible((interrupted) =>
    withDatabases(async (databases, config) => {
      const metrics = createMetrics();
      // What a tick takes on the source says when the next one may come.
      watchDatabases(databases, DATABASE_OF, metrics);
      const log = createLog(config.logLevel, metrics.recent.failed);
      await migrateBackoffice(databases.backoffice);
      await followSourceClock(databases.workflows, log, createOutages(log));
      const origin = createOrigin(databases, log);
      const isStopping = () => interrupted.aborted;
      const { timeZone, memoryBytes } = config;
      const reader = openReader({
        databases,
        timeZone,
        memoryBytes,
        log,
        origin,
        reuseForMs: 5_000,
        isStopping,
        metrics,
      });
      const targets = { allowedHosts: config.webhookAllowedHosts, lookup: systemLookup };
      const sending = { appUrl: config.appUrl, mail: config.mail, targets };
      const replicas = config.databaseUrls !== null;
      const format = createFormat(config.locale, timeZone);
      const jobs = everyJob({
        format,
        databases,
        reader,
        origin,
        sending,
        log,
        replicas,
        once,
        allowedDomains: config.allowedDomains,
        auditDays: config.auditDays,
      });
      if (once) {
        const failed = await runOnce(jobs, isStopping, (name, ms, reason) =>
          console.log(`${name}: ${reason ?? 'done'} (${Math.round(ms)} ms)`),
        );
        interrupted.throwIfAborted();
        if (failed.length > 0) throw new Error(`${failed.map(({ name }) => name).join(', ')} failed`);
        return;
      }
      const own: OwnProcess = {
        id: randomUUID(),
        startedAt: now(),
        recent: metrics.recent,
        jobs: () => running.states(),
      };
      const running = startJobs([systemJob(databases.backoffice, own, log), ...jobs], metrics);
      console.log(`Running until told to end: ${jobs.map(({ name }) => name).join(', ')}`);
      await new Promise<void>((resolve) => {
        // A timer keeps the process: the databases of a quiet minute hold no connection.
        const alive = setInterval(() => {}, 60_000);
        interrupted.addEventListener('abort', () => {
          clearInterval(alive);
          resolve();
        });
      });
      await running.stop();
      await keepSystem(databases.backoffice, own, true).catch(() => {});
    }),
  ),
);
