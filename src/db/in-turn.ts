import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';
import { handled } from '../units/promises/handled.ts';

/** What is asked within a turn that somebody has to themselves does not wait for one. */
const withinTurn = new AsyncLocalStorage<Knex.Transaction>();
const turns = new WeakMap<Knex.Transaction, <T>(work: () => Promise<T>) => Promise<T>>();

/**
 * Makes the queries of a transaction wait for each other, so that a reading which asks several things at once can be done
 * in one snapshot: a connection answers one query at a time, and pg 9 will refuse a second. Returns the same transaction.
 */
export function inTurn(transaction: Knex.Transaction): Knex.Transaction {
  const { client } = transaction;
  // Behind Knex's own check that the transaction goes on: a ROLLBACK, too, waits for what was asked before it.
  const query: (...query: unknown[]) => Promise<unknown> = client._query.bind(client);
  let last: Promise<unknown> = Promise.resolve();
  const take = <T>(work: () => Promise<T>): Promise<T> => {
    const answer = handled(last.then(work));
    // Without what it answered, which would be held on to until the next.
    last = answer.then(
      () => {},
      () => {},
    );
    return answer;
  };
  client._query = (...asked: unknown[]) =>
    withinTurn.getStore() === transaction ? query(...asked) : take(() => query(...asked));
  turns.set(transaction, (work) => take(() => withinTurn.run(transaction, work)));
  return transaction;
}

/**
 * Asks something of a transaction that is in turn which may fail, and leaves the transaction as it was where it did. Nobody
 * else's query comes between, for it would fail as well. Null where it failed as expected.
 * @throws what else goes wrong
 */
export function attempt<T>(
  transaction: Knex.Transaction,
  ask: () => PromiseLike<T>,
  isExpected: (error: unknown) => boolean,
): Promise<T | null> {
  const inOneTurn = turns.get(transaction);
  if (!inOneTurn) throw new Error('not in turn');
  return inOneTurn(async () => {
    await transaction.raw('SAVEPOINT attempt');
    try {
      const answer = await ask();
      await transaction.raw('RELEASE SAVEPOINT attempt');
      return answer;
    } catch (error) {
      if (!isExpected(error)) throw error;
      await transaction.raw('ROLLBACK TO SAVEPOINT attempt');
      await transaction.raw('RELEASE SAVEPOINT attempt');
      return null;
    }
  });
}
