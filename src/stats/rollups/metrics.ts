import type { Knex } from 'knex';
import type { StateMetric } from '../../measuring/state.ts';
import { HOUR, type Instant, now, SECOND } from '../../units/time.ts';
import { readCoverage } from './coverage.ts';
import { readEarliest } from './source-hours.ts';

type Read = { backoffice: Knex; workflows: Knex };

const UP_TO_DATE = 3n * HOUR;

const secondsSince = (instant: Instant | null) =>
  instant === null ? [] : [{ value: Number(now() - instant) / Number(SECOND) }];

export const ROLLUP_METRICS: readonly StateMetric<Read>[] = [
  {
    name: 'rollup_lag_seconds',
    help: 'How long ago the last hour that the rollups hold ended: up to an hour and a quarter when all is well.',
    labelNames: [],
    read: async ({ backoffice }) => secondsSince((await readCoverage(backoffice)).coveredUntil),
  },
  {
    name: 'rollup_audit_age_seconds',
    help: 'Every change of the source before so long ago is in the rollups.',
    labelNames: [],
    read: async ({ backoffice }) => secondsSince((await readCoverage(backoffice)).auditedUntil),
  },
  {
    name: 'rollup_backfill_ratio',
    help: 'The share of time since the first record that the rollups hold, 0 to 1.',
    labelNames: [],
    read: async ({ backoffice, workflows }) => {
      const [{ coveredUntil }, earliest] = await Promise.all([readCoverage(backoffice), readEarliest(workflows)]);
      if (earliest === null) return [];
      if (coveredUntil === null || coveredUntil < earliest) return [{ value: 0 }];
      const at = now();
      // The hours that go on are nobody's backfill.
      return [{ value: at - coveredUntil < UP_TO_DATE ? 1 : Number(coveredUntil - earliest) / Number(at - earliest) }];
    },
  },
];
