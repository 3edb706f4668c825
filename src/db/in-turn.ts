import type { Knex } from 'knex';
import { handled } from '../units/handled.ts';

/**
 * Makes the queries of a transaction wait for each other, so that a reading which asks several things at once can be done
 * in one snapshot: a connection answers one query at a time, and pg 9 will refuse a second. Returns the same transaction.
 */
export function inTurn(transaction: Knex.Transaction): Knex.Transaction {
  const { client } = transaction;
  // Behind Knex's own check that the transaction goes on: a ROLLBACK, too, waits for what was asked before it.
  const query: (...query: unknown[]) => Promise<unknown> = client._query.bind(client);
  let last: Promise<unknown> = Promise.resolve();
  client._query = (...asked: unknown[]) => {
    const answer = handled(last.then(() => query(...asked)));
    // Without what it answered, which would be held on to until the next.
    last = answer.then(
      () => {},
      () => {},
    );
    return answer;
  };
  return transaction;
}
