import type { Knex } from 'knex';
import { RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Outage } from '../units/failures/outage.ts';
import { shareReads } from '../units/promises/share-reads.ts';

const WINDOW_SECONDS = 60;
const TABLE = 'rate_counts';

/** Counts one more of a key. Null where it is within the limit, else in how many seconds the next will be. */
export type RateLimit = (key: string) => Promise<number | null>;

/** What counts in place of the database where there is one, and fails where it cannot. */
type Counter = { run: (script: string, keys: string[], values: string[]) => Promise<unknown> };

type Options = { name: string; perMinute: number; database: Knex; redis: Counter | null; outage: Outage };

/** What those who were counted together hear, each by their place among them. */
type Counted = (place: number) => number | null;

const WITHIN: Counted = () => null;

/**
 * So many a minute of each key, whichever process they come to: counted in `backoffice_db`, by no statement for a key that this
 * process knows to be over, and by one at a time of any other, so that whoever asks often holds one connection. 0 is no limit.
 * What cannot be counted is let through. With a Redis, that counts, and the database where it does not.
 */
export function createRateLimit({ name, perMinute, database, redis, outage }: Options): RateLimit {
  if (perMinute === 0) return async () => null;
  const limit = { points: perMinute, duration: WINDOW_SECONDS, inMemoryBlockOnConsumed: perMinute };
  const inDatabase = new RateLimiterPostgres({
    ...{ storeClient: clientOn(database), storeType: 'client', tableName: TABLE, tableCreated: true },
    // The job does it.
    clearExpiredByTimeout: false,
    ...{ ...limit, keyPrefix: name },
  });
  const limiter =
    redis === null
      ? inDatabase
      : new RateLimiterRedis({
          ...{ ...limit, keyPrefix: `mythoria-admin:${name}`, insuranceLimiter: inDatabase, useRedisPackage: true },
          storeClient: {
            eval: (script: string, { keys, arguments: values }: { keys: string[]; arguments: string[] }) =>
              redis.run(script, keys, values),
          },
        });

  const counted = async (key: string, many: number): Promise<Counted> => {
    try {
      await limiter.consume(key, many);
      outage.over();
      return WITHIN;
    } catch (reason) {
      if (!(reason instanceof RateLimiterRes)) {
        outage.met(reason);
        return WITHIN;
      }
      const { consumedPoints, msBeforeNext } = reason;
      // Nothing was counted of a key that is known to be over.
      const within = consumedPoints === 0 ? 0 : perMinute - (consumedPoints - many);
      const seconds = Math.max(1, Math.ceil(msBeforeNext / 1_000));
      return (place) => (place < within ? null : seconds);
    }
  };

  const waiting = new Map<string, number>();
  const together = shareReads((key) => {
    const many = waiting.get(key) ?? 0;
    waiting.delete(key);
    return counted(key, many);
  });
  return async (key) => {
    const place = waiting.get(key) ?? 0;
    waiting.set(key, place + 1);
    const verdict = await together(key);
    return verdict(place);
  };
}

/** What the limiter asks of `pg`, through Knex, and without the names of statements, which a pooler in transaction mode may not keep. */
const clientOn = (database: Knex) => ({
  query: ({ text, values }: { text: string; values: unknown[] }) =>
    database.raw(
      text.replace(/\$(\d+)/g, ':value$1'),
      Object.fromEntries(values.map((value, index) => [`value${index + 1}`, value])) as Knex.ValueDict,
    ),
});

/** Counts are of a minute; an address that has gone is to be forgotten. */
export async function deleteOldCounts(database: Knex): Promise<void> {
  await database.raw('DELETE FROM ?? WHERE expire <= extract(epoch FROM now()) * 1000', [TABLE]);
}
