import { ALERT_METRICS } from './alerts/metrics.ts';
import type { Databases } from './db/connect.ts';
import { DELIVERY_METRICS } from './delivery/metrics.ts';
import type { StateMetric } from './measuring/state.ts';
import { ROLLUP_METRICS } from './stats/rollups/metrics.ts';

/** What is looked up in the databases when somebody asks for the metrics, a line each room. */
export const STATE_METRICS: readonly StateMetric<Databases>[] = [
  ...ROLLUP_METRICS,
  ...ALERT_METRICS,
  ...DELIVERY_METRICS,
];
