import type { Logger } from 'pino';
import type { Databases } from '../db/connect.ts';
import type { Metrics } from '../measuring/metrics.ts';
import { createUsageReader, type UsageReader } from './reader.ts';
import { createReuse } from './reuse.ts';
import { createMend } from './rollups/keep/mend.ts';
import type { Origin } from './rollups/keep/origin.ts';

type ReaderOptions = {
  databases: Databases;
  timeZone: string;
  /** How much is kept in memory of what has been read. */
  memoryBytes: number;
  log: Logger;
  /** Whether the rollups are of the source. */
  origin: Origin;
  /** How long an answer may serve again, in milliseconds. */
  reuseForMs: number;
  isStopping: () => boolean;
  metrics: Metrics;
};

/** The reader of a process, for its pages and its jobs: what it keeps in memory is kept once. */
export function openReader({ reuseForMs, isStopping, metrics, ...from }: ReaderOptions): UsageReader {
  return createUsageReader({
    ...from,
    reuse: createReuse(reuseForMs, (outcome) => metrics.reuse.inc({ outcome })),
    // Where it meets records that the rollups do not know.
    mend: createMend(from.databases, from.origin, from.log, isStopping),
  });
}
