import { collectDefaultMetrics } from 'prom-client';
import type { Metrics } from './metrics.ts';

/** The event loop, memory and processor time of this process: once in a process, for it watches all the time. */
export function watchProcess({ registry }: Metrics): void {
  collectDefaultMetrics({ register: registry });
}
