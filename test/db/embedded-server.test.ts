import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Knex } from 'knex';
import pg from 'pg';
import { openDatabase } from '../../src/db/connect.ts';
import { databaseUrls, onServer } from '../support/databases.ts';
import { skip } from '../support/skip.ts';

describe('the embedded database', () => {
  const opened: Knex[] = [];
  before(function () {
    if (onServer()) skip(this, 'no embedded database in this run');
  });
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.destroy();
  });

  /** Somebody else with one connection, as another process is. */
  const client = () => {
    const database = openDatabase(databaseUrls().workflows, { maxConnections: 1, acquireWithinMs: 30_000 });
    opened.push(database);
    return database;
  };

  it('answers each of several clients what it asked, whatever the others ask meanwhile', async () => {
    // More than a socket takes at once, as a prompt may be: between its pieces others have their say.
    const long = 'x'.repeat(300_000);
    const ask = async (database: Knex, client: number) => {
      for (let i = 0; i < 30; i++) {
        // As many parameters as the client has a number, so that nobody's values fit another's statement.
        const numbers = Array.from({ length: client }, (_, n) => n + i);
        const { rows } = await database.raw(
          `SELECT ARRAY[${numbers.map(() => '?::int').join(', ')}] AS answer, ${client} AS client, length(?) AS length`,
          [...numbers, long],
        );
        assert.deepEqual(rows, [{ answer: numbers, client, length: long.length }]);
        if (i % 10 === 0) await database.raw('SELECT 1');
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6].map((number) => ask(client(), number)));
  });

  it('keeps a transaction to the client that began it', async () => {
    await client().raw('CREATE TABLE counted (n int); INSERT INTO counted VALUES (0)');
    try {
      const count = (database: Knex) =>
        database.transaction(async (transaction) => {
          const { rows } = await transaction.raw('SELECT n FROM counted WHERE n >= ?', [0]);
          await transaction.raw('UPDATE counted SET n = ?', [rows[0].n + 1]);
        });
      await Promise.all(
        Array.from({ length: 5 }, async () => {
          const database = client();
          for (let i = 0; i < 10; i++) await count(database);
        }),
      );
      const { rows } = await client().raw('SELECT n FROM counted');
      assert.equal(rows[0].n, 50);
    } finally {
      await client().raw('DROP TABLE counted');
    }
  });

  it('takes back what a client did that went in the middle of it', async () => {
    const gone = new pg.Client({ connectionString: databaseUrls().workflows });
    gone.on('error', () => {});
    await gone.connect();
    await gone.query('CREATE TABLE kept (n int)');
    await gone.query('BEGIN');
    await gone.query('DROP TABLE kept');
    (gone as unknown as { connection: { stream: { destroy: () => void } } }).connection.stream.destroy();
    const { rows } = await client().raw('SELECT count(*)::int AS kept FROM kept WHERE n = ?', [1]);
    assert.equal(rows[0].kept, 0);
    await client().raw('DROP TABLE kept');
  });

  it('lets nobody in without the password, which is another at every start', async () => {
    const url = new URL(databaseUrls().workflows);
    assert.ok(url.password.length >= 43);
    for (const password of ['', 'postgres', url.password.slice(1), `${url.password}x`]) {
      const stranger = new pg.Client({ connectionString: Object.assign(new URL(url), { password }).href });
      await assert.rejects(stranger.connect(), password ? { code: '28P01' } : /password/);
    }
  });

  it('hangs up on what is no greeting', async () => {
    const { port } = new URL(databaseUrls().workflows);
    for (const words of ['\0\0\0\x08\x04\xd2\x16\x2e', 'x'.repeat(20_000), '\0\0\0\0']) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => {}).resume();
      socket.write(words, 'latin1');
      await once(socket, 'close');
    }
  });
});
