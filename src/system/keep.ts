import { hostname } from 'node:os';
import type { Knex } from 'knex';
import type { Recent } from '../measuring/recent.ts';
import { VERSION } from '../measuring/version.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, type Instant, now, postgresFromInstant } from '../units/time.ts';

/** What a process says of itself, again and again. */
export type OwnProcess = { id: string; startedAt: Instant; recent: Recent; jobs: () => readonly object[] };

const KEPT = 8n * DAY_OF_24_HOURS;
const KEPT_PROCESSES = 30n * DAY_OF_24_HOURS;
const MOST_SLOW = 500;
/** Later than any process may still write five minutes of. */
const FOLDED_AFTER = 3n * HOUR;
/** Of hours, whichever process counted them. */
const ALL_PROCESSES = '00000000-0000-0000-0000-000000000000';

/** Writes down what this process has seen and how it is. Again changes nothing: what failed is written by the next run. */
export async function keepSystem(
  backoffice: Knex,
  { id, startedAt, recent, jobs }: OwnProcess,
  stopped = false,
): Promise<void> {
  const seen = recent.seen();
  const at = now();
  await backoffice.transaction(async (transaction) => {
    await transaction('processes')
      .insert({
        ...{ process: id, host: hostname(), pid: process.pid, node: process.version, ...VERSION },
        ...{ started_at: postgresFromInstant(startedAt), seen_at: postgresFromInstant(at) },
        stopped_at: stopped ? postgresFromInstant(at) : null,
        memory: process.memoryUsage.rss(),
        jobs: JSON.stringify(jobs(), (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
      })
      .onConflict('process')
      .merge(['seen_at', 'stopped_at', 'memory', 'jobs']);
    if (seen.times.length > 0)
      await transaction('response_times')
        .insert(
          seen.times.map(({ begins, route, counts }) => ({
            ...{ begins: postgresFromInstant(begins), minutes: 5, process: id, route, counts },
          })),
        )
        .onConflict(['begins', 'minutes', 'process', 'route'])
        .merge(['counts']);
    if (seen.slow.length > 0)
      await transaction('slow_requests').insert(
        seen.slow.map((one) => ({
          ...{ at: postgresFromInstant(one.at), request_id: one.id, route: one.route, address: one.address },
          ...{ status: one.status, ms: one.ms, database_ms: one.databaseMs, rendering_ms: one.renderingMs },
          asked: JSON.stringify(one.asked),
        })),
      );
    if (seen.failures.length > 0)
      await transaction('failures')
        .insert(
          seen.failures.map(({ day, kind, count, lastAt, ids }) => ({
            ...{ day: postgresFromInstant(day), process: id, kind, count, last_at: postgresFromInstant(lastAt), ids },
          })),
        )
        .onConflict(['day', 'process', 'kind'])
        .merge(['count', 'last_at', 'ids']);
    await forget(transaction, at);
  });
  recent.written(seen);
}

/** Makes hours of what is older than three of them, and deletes what nobody asks for any more. */
async function forget(transaction: Knex, at: Instant): Promise<void> {
  const before = (length: bigint) => postgresFromInstant(addTime(at, -length));
  await transaction.raw(
    `WITH old AS (
       DELETE FROM response_times WHERE minutes = 5 AND begins < date_trunc('hour', ?::timestamptz) RETURNING *
     ), summed AS (
       SELECT date_trunc('hour', begins) AS hour, route, bound, sum(count) AS count
         FROM old, unnest(counts) WITH ORDINALITY AS counted (count, bound)
        GROUP BY hour, route, bound
     )
     INSERT INTO response_times (begins, minutes, process, route, counts)
     SELECT hour, 60, ?, route, array_agg(count ORDER BY bound) FROM summed GROUP BY hour, route
     ON CONFLICT (begins, minutes, process, route) DO UPDATE
        SET counts = (SELECT array_agg(kept + more ORDER BY bound)
                        FROM unnest(response_times.counts, excluded.counts) WITH ORDINALITY AS both_of (kept, more, bound))`,
    [before(FOLDED_AFTER), ALL_PROCESSES],
  );
  await transaction('response_times').where('begins', '<', before(KEPT)).delete();
  await transaction('failures').where('day', '<', before(KEPT)).delete();
  await transaction('processes').where('seen_at', '<', before(KEPT_PROCESSES)).delete();
  await transaction('slow_requests').where('at', '<', before(KEPT)).delete();
  await transaction.raw(
    `DELETE FROM slow_requests WHERE ms < (SELECT ms FROM slow_requests ORDER BY ms DESC OFFSET ${MOST_SLOW - 1} LIMIT 1)`,
  );
}
