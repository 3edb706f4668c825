import { setImmediate as aTurn, setTimeout as sleep } from 'node:timers/promises';
import { createClient, type RedisClientType } from '@redis/client';
import type { Outage } from '../units/failures/outage.ts';
import { handled } from '../units/promises/handled.ts';

/** Whoever waits longer is better served by PostgreSQL. */
const ANSWERS_WITHIN_MS = 250;
/** How long nobody asks after it has failed: one that hangs costs a quarter of a second in each second, and no more. */
const RESTS_MS = 1_000;
const CONNECTS_WITHIN_MS = 2_000;

export type Redis = {
  /** Changes something there, and answers what that is then. @throws Error where it does not answer, in time, or has no room */
  run: (script: string, keys: string[], values: string[]) => Promise<unknown>;
  close: () => void;
};

/**
 * A Redis or Valkey, which may be away, slow, full or emptied at any time: what fails there is `met` by the outage, and its callers
 * do without. Waits two seconds at most for the connection, which is made in the background if that is not enough.
 */
export async function openRedis(url: string, outage: Outage): Promise<Redis> {
  const client: RedisClientType = createClient({
    url,
    // What is asked while it is away fails at once, and nothing is asked of it twice.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1_000,
    // A connection that has died without a word is found by these, and made anew.
    ...{ pingInterval: 2_000, socket: { connectTimeout: CONNECTS_WITHIN_MS, socketTimeout: 5_000, reconnectStrategy } },
  });
  client.on('error', outage.met);
  const connected = handled(client.connect());
  await Promise.race([connected.then(undefined, outage.met), sleep(CONNECTS_WITHIN_MS)]);

  let restsUntil = 0;
  return {
    run: async (script, keys, values) => {
      if (performance.now() < restsUntil) throw new Error('Redis rests');
      const gaveUp = new AbortController();
      try {
        const answer = handled(client.eval(script, { keys, arguments: values }));
        const result = await Promise.race([answer, handled(tooLate(gaveUp.signal))]);
        outage.over();
        return result;
      } catch (error) {
        restsUntil = performance.now() + RESTS_MS;
        outage.met(error);
        throw error;
      } finally {
        gaveUp.abort();
      }
    },
    close: () => client.destroy(),
  };
}

const reconnectStrategy = (retries: number) => Math.min(50 * 2 ** Math.min(retries, 6), 2_000);

/** @throws Error in so long, unless there has been an answer */
async function tooLate(answered: AbortSignal): Promise<never> {
  await sleep(ANSWERS_WITHIN_MS, null, { signal: answered });
  // Where it was this process that stood still, the answer is there, and is read within a turn.
  await aTurn();
  throw new Error(`Redis did not answer within ${ANSWERS_WITHIN_MS} ms`);
}
