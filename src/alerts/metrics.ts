import type { Knex } from 'knex';
import type { StateMetric } from '../measuring/state.ts';

type Kept = { backoffice: Knex };

export const ALERT_METRICS: readonly StateMetric<Kept>[] = [
  {
    name: 'alerts',
    help: 'Alerts that are open, by state and level.',
    labelNames: ['state', 'level'],
    read: async ({ backoffice }) => {
      const rows: { state: string; level: string; count: string }[] = await backoffice('alerts')
        .whereNot('state', 'resolved')
        .groupBy('state', 'level')
        .select('state', 'level', backoffice.raw('count(*) AS count'));
      return rows.map(({ state, level, count }) => ({ labels: { state, level }, value: Number(count) }));
    },
  },
  {
    name: 'alert_rules_in_error',
    help: 'Rules whose last evaluation failed.',
    labelNames: [],
    read: async ({ backoffice }) => {
      const row = await backoffice('rule_standings')
        .join('alert_rules', 'alert_rules.rule_id', 'rule_standings.rule_id')
        .whereNull('deleted_at')
        .whereNotNull('error')
        .count('* AS count')
        .first();
      return [{ value: Number(row?.count) }];
    },
  },
  {
    name: 'alert_evaluation_lag_seconds',
    help: 'How long ago the rule that waits longest for its evaluation was last evaluated.',
    labelNames: [],
    read: async ({ backoffice }) => {
      const row = await backoffice('rule_standings')
        .join('alert_rules', 'alert_rules.rule_id', 'rule_standings.rule_id')
        .whereNull('deleted_at')
        .first<{ lag: string | null }>(backoffice.raw('extract(epoch FROM now() - min(evaluated_until)) AS lag'));
      return row?.lag == null ? [] : [{ value: Number(row.lag) }];
    },
  },
];
