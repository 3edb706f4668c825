import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createRecent } from './recent.ts';

/** From what a kept answer takes to where a browser gives up. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30];

export type Metrics = ReturnType<typeof createMetrics>;

/** What the process counts as it goes, in the exposition format of Prometheus. No label takes a value from an address. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    /** For the page of the system, which is of all processes. */
    recent: createRecent(),
    requests: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Requests from their first line to their last byte, by route, method and class of status.',
      labelNames: ['route', 'method', 'status'],
      buckets: SECONDS,
      registers,
    }),
    queries: new Histogram({
      name: 'db_query_duration_seconds',
      help: 'Queries as the connection sees them, by what they are asked for and by database.',
      labelNames: ['name', 'database', 'outcome'],
      buckets: [0.001, ...SECONDS],
      registers,
    }),
    poolWaits: new Histogram({
      name: 'db_pool_wait_seconds',
      help: 'How long was waited for a connection, by pool.',
      labelNames: ['pool'],
      buckets: [0.001, ...SECONDS],
      registers,
    }),
    reuse: new Counter({
      name: 'answers_total',
      help: 'Questions to the engine, computed or answered by what was computed just before.',
      labelNames: ['outcome'],
      registers,
    }),
    refusals: new Counter({
      name: 'sign_ins_refused_total',
      help: 'Sign-ins that let nobody in, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    exports: new Gauge({
      name: 'exports_running',
      help: 'Exports, and large prompts that are opened, under way in this process.',
      registers,
    }),
    jobRuns: new Histogram({
      name: 'job_duration_seconds',
      help: 'Runs of each job, by outcome.',
      labelNames: ['job', 'outcome'],
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1800],
      registers,
    }),
    jobSuccess: new Gauge({
      name: 'job_last_success_timestamp_seconds',
      help: 'When each job last went through in this process.',
      labelNames: ['job'],
      registers,
    }),
  };
}
