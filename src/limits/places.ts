import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { handled } from '../units/promises/handled.ts';

/** How long a place outlives its process. */
const LEASE_MS = 60_000;
/** Somebody who has just read the last byte of one begins the next. */
const PATIENCE_MS = 250;
/** Within somebody's patience. */
const SOON_MS = 50;

/** Takes one of an owner's places, and gives the way to give it back; null where all are taken. */
export type TakePlace = (owner: string) => Promise<(() => Promise<void>) | null>;

/**
 * So many places of each owner, whichever process they come to. Each is held by a row that its process renews, and is free again
 * a minute after that has been killed. A connection's lock would be free at once, and a pooler in transaction mode keeps none.
 */
export function createPlaces(database: Knex, each: number, leaseMs = LEASE_MS): TakePlace {
  const held = new Set<string>();
  let renewing: NodeJS.Timeout | undefined;

  const until = () => database.raw(`now() + make_interval(secs => ?)`, [leaseMs / 1_000]);
  const renew = () => {
    // Where the database does not answer, the next time does it.
    handled(
      database('export_places')
        .whereIn('holder', [...held])
        .update({ expires: until() })
        .then(),
    );
  };

  /** Where the database does not answer it is asked again, until the lease would have ended: else its owner would wait for nobody. */
  const give = async (holder: string) => {
    held.delete(holder);
    if (held.size === 0) {
      clearInterval(renewing);
      renewing = undefined;
    }
    const leaseEnds = performance.now() + leaseMs;
    for (let wait = SOON_MS; performance.now() < leaseEnds; wait *= 2) {
      const isGiven = await database('export_places')
        .where({ holder })
        .delete()
        .then(
          () => true,
          () => false,
        );
      if (isGiven) return;
      await sleep(wait, undefined, { ref: false });
    }
  };

  const takeFree = async (owner: string, holder: string): Promise<boolean> => {
    for (let place = 1; place <= each; place++) {
      const { rows } = await database.raw<{ rows: unknown[] }>(
        `INSERT INTO export_places AS held (owner, place, holder, expires) VALUES (?, ?, ?, ?)
           ON CONFLICT (owner, place) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
           WHERE held.expires <= now() RETURNING place`,
        [owner, place, holder, until()],
      );
      if (rows.length > 0) return true;
    }
    return false;
  };

  return async (owner) => {
    const holder = randomUUID();
    try {
      let isTaken = await takeFree(owner, holder);
      if (!isTaken) {
        await sleep(PATIENCE_MS);
        isTaken = await takeFree(owner, holder);
      }
      if (!isTaken) return null;
    } catch (error) {
      // Only the answer may have been lost, and the row be there.
      handled(give(holder));
      throw error;
    }
    held.add(holder);
    renewing ??= setInterval(renew, leaseMs / 3).unref();
    return () => give(holder);
  };
}

/** Of processes that were killed. */
export async function deleteLostPlaces(database: Knex): Promise<void> {
  await database('export_places').where('expires', '<=', database.fn.now()).delete();
}
