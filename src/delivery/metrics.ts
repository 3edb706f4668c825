import type { Knex } from 'knex';
import type { StateMetric } from '../measuring/state.ts';

type Kept = { backoffice: Knex };

const inState = async (backoffice: Knex, states: string[]) => {
  const row = await backoffice('deliveries').whereIn('state', states).count('* AS count').first();
  return [{ value: Number(row?.count) }];
};

export const DELIVERY_METRICS: readonly StateMetric<Kept>[] = [
  {
    name: 'outbox_depth',
    help: 'Messages that wait to be sent.',
    labelNames: [],
    read: ({ backoffice }) => inState(backoffice, ['waiting']),
  },
  {
    name: 'outbox_dead',
    help: 'Messages that were given up, and neither sent again nor dismissed.',
    labelNames: [],
    read: ({ backoffice }) => inState(backoffice, ['dead']),
  },
];
