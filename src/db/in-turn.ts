import type { Knex } from 'knex';

/**
 * Makes the queries of a transaction wait for each other, so that a reading which asks several things at once can be done
 * in one snapshot: a connection answers one query at a time, and pg 9 will refuse a second. Returns the same transaction.
 */
export function inTurn(transaction: Knex.Transaction): Knex.Transaction {
  const { client } = transaction;
  const query: (...query: unknown[]) => Promise<unknown> = client.query.bind(client);
  let underWay: Promise<void> | null = null;
  client.query = (...asked: unknown[]) => {
    // With nothing to wait for at once, as Knex has its COMMIT: a moment later it takes the transaction for completed.
    const answer = underWay ? underWay.then(() => query(...asked)) : query(...asked);
    const done = () => {
      if (underWay === mine) underWay = null;
    };
    const mine = answer.then(done, done);
    underWay = mine;
    return answer;
  };
  return transaction;
}
