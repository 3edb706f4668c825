import type { Knex } from 'knex';
import type pg from 'pg';
import { Gauge } from 'prom-client';
import { queryBegins } from './account.ts';
import type { Metrics } from './metrics.ts';

/** As Knex keeps its connections. */
type Tarn = {
  on: {
    (event: 'acquireRequest' | 'acquireSuccess' | 'acquireFail', listener: (eventId: number) => void): void;
    (event: 'createSuccess', listener: (eventId: number, client: pg.Client) => void): void;
  };
  numUsed: () => number;
  numFree: () => number;
  numPendingAcquires: () => number;
};

/**
 * Measures every query and every wait for a connection of some pools, each of which leads to a database; several names of one
 * pool are one.
 */
export function watchDatabases<Pool extends string>(
  pools: Record<Pool, Knex | null>,
  databaseOf: Record<Pool, string>,
  metrics: Metrics,
): void {
  const watched = new Map<Knex, { pool: string; tarn: Tarn }>();
  for (const [pool, knex] of Object.entries(pools) as [Pool, Knex | null][]) {
    if (knex === null || watched.has(knex)) continue;
    const { pool: tarn } = knex.client as { pool: Tarn };
    watched.set(knex, { pool, tarn });
    measureWaits(tarn, pool, metrics);
    tarn.on('createSuccess', (_eventId, client) => measureQueries(client, databaseOf[pool], metrics));
  }
  const registers = [metrics.registry];
  new Gauge({
    name: 'db_pool_connections',
    help: 'Connections of each pool, in use and free.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const { pool, tarn } of watched.values()) {
        this.set({ pool, state: 'used' }, tarn.numUsed());
        this.set({ pool, state: 'free' }, tarn.numFree());
      }
    },
  });
  new Gauge({
    name: 'db_pool_waiting',
    help: 'How many wait for a connection of each pool.',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const { pool, tarn } of watched.values()) this.set({ pool }, tarn.numPendingAcquires());
    },
  });
}

function measureWaits(tarn: Tarn, pool: string, { poolWaits }: Metrics): void {
  const since = new Map<number, number>();
  const waited = (eventId: number) => {
    poolWaits.observe({ pool }, (performance.now() - (since.get(eventId) ?? performance.now())) / 1000);
    since.delete(eventId);
  };
  tarn.on('acquireRequest', (eventId) => since.set(eventId, performance.now()));
  tarn.on('acquireSuccess', waited);
  tarn.on('acquireFail', waited);
}

type Callback = (error: unknown, result: unknown) => void;

/** At the connection, where a query waits for no other: Knex tells of queries that wait for their turn as if they ran. */
function measureQueries(client: pg.Client, database: string, { queries }: Metrics): void {
  const query = client.query.bind(client) as (...asked: unknown[]) => unknown;
  const measured = (asked: unknown, answered?: Callback) => {
    if (answered === undefined) return query(asked);
    const { name, ends } = queryBegins(database);
    const began = performance.now();
    return query(asked, (error: unknown, result: unknown) => {
      const ms = performance.now() - began;
      ends(ms);
      queries.observe({ name, database, outcome: error ? 'failed' : 'answered' }, ms / 1000);
      answered(error, result);
    });
  };
  client.query = measured as typeof client.query;
}
