import type { Logger } from 'pino';
import { type RunningJobs, startJobs } from '../../src/jobs/jobs.ts';
import { rollupsJob } from '../../src/jobs/list.ts';
import { createMetrics } from '../../src/measuring/metrics.ts';
import type { KeepOptions, KeptDatabases } from '../../src/stats/rollups/keep/keep.ts';
import { createOrigin } from '../../src/stats/rollups/keep/origin.ts';
import { createOutages } from '../../src/units/failures/outages.ts';

type Options = Pick<KeepOptions, 'replicas'> & Partial<KeepOptions>;

/** The job that keeps the rollups, by a faster clock where a test wants one. */
export function keepRollups(
  databases: KeptDatabases,
  timeZone: string,
  log: Logger,
  {
    everyMs = 60_000,
    lookMs = everyMs,
    outages = createOutages(log),
    origin = createOrigin(databases, log),
    replicas,
  }: Options,
): RunningJobs {
  return startJobs(
    [rollupsJob(databases, timeZone, log, { replicas, outages, origin, everyMs, lookMs })],
    createMetrics(),
  );
}
