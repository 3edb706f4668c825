import assert from 'node:assert/strict';
import { attempt, inTurn } from '../../src/db/in-turn.ts';
import { databases } from '../support/databases.ts';

describe('the queries of a transaction in turn', () => {
  const slowly = (answer: number) => `SELECT ${answer} AS answer, pg_sleep(0.02)`;

  it('are each answered, in their order', async () => {
    const order: number[] = [];
    const answers = await databases().workflows.transaction((transaction) => {
      const snapshot = inTurn(transaction);
      return Promise.all(
        [1, 2, 3].map(async (number) => {
          const { rows } = await snapshot.raw<{ rows: { answer: number }[] }>(slowly(number));
          order.push(number);
          return rows[0]?.answer;
        }),
      );
    });
    assert.deepEqual(answers, [1, 2, 3]);
    assert.deepEqual(order, [1, 2, 3]);
  });

  it('go on after one that may fail, which nobody else’s comes between', async () => {
    const answers = await databases().workflows.transaction(async (transaction) => {
      const snapshot = inTurn(transaction);
      await snapshot.raw('DECLARE numbers CURSOR FOR SELECT generate_series(1, 3) AS number');
      async function* pieces() {
        for (let i = 0; i < 3; i++) yield (await snapshot.raw('FETCH 1 FROM numbers')).rows[0].number;
      }
      const numbers = pieces();
      const zero = (error: unknown) => (error as { code?: string }).code === '22012';
      const first = await attempt(snapshot, () => numbers.next(), zero);
      const all = await Promise.all([
        attempt(snapshot, () => snapshot.raw('SELECT 1 / 0'), zero),
        numbers.next(),
        attempt(snapshot, () => snapshot.raw('SELECT 1 / 0'), zero),
        numbers.next(),
      ]);
      await assert.rejects(
        attempt(
          snapshot,
          () => snapshot.raw('SELECT no_such_column'),
          () => false,
        ),
        /no_such_column/,
      );
      await snapshot.raw('ROLLBACK');
      return [first?.value, ...all.map((one) => one && 'value' in one && one.value)];
    });
    assert.deepEqual(answers, [1, null, 2, null, 3]);
  });

  it('leave the connection as it was when one of them fails while others wait', async () => {
    const { workflows } = databases();
    for (let i = 0; i < 5; i++) {
      const failing = workflows.transaction((transaction) => {
        const snapshot = inTurn(transaction);
        return Promise.all(['SELECT 1 / 0', slowly(2), slowly(3)].map((sql) => snapshot.raw(sql)));
      });
      await assert.rejects(failing, /division by zero/);
    }
    const answers = await Promise.all(Array.from({ length: 5 }, () => workflows.raw('SELECT 1 AS answer')));
    assert.ok(answers.every(({ rows }) => rows[0].answer === 1));
  });
});
