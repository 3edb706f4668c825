import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { Knex } from 'knex';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';

describe('npm run scale:citus', () => {
  before(function () {
    needsServer(this); // A process beside the tests' connections.
  });

  async function printed(): Promise<{ code: number; lines: string[]; stderr: string }> {
    const { workflows, backoffice } = databaseUrls();
    const env = { ...process.env, WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice };
    const command = await commandLine('scripts/scale-citus.ts');
    return new Promise((done) => {
      const child = execFile(process.execPath, command, { env }, (_error, stdout, stderr) =>
        done({ code: child.exitCode ?? -1, lines: stdout.trimEnd().split('\n'), stderr }),
      );
    });
  }

  /** The columns of each unique index of a table. */
  const uniqueKeys = async (database: Knex, table: string): Promise<string[][]> => {
    const { rows } = await database.raw<{ rows: { columns: string[] }[] }>(
      `SELECT array_agg(attname::text) AS columns FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
        WHERE indrelid = ?::regclass AND indisunique GROUP BY indexrelid`,
      [table],
    );
    return rows.map(({ columns }) => columns);
  };
  /** Which Citus refuses or leaves out between servers. */
  const constraintsAndTriggers = async (database: Knex, table: string): Promise<string[]> => [
    ...(await database('pg_constraint')
      .where('contype', 'f')
      .whereRaw('?::regclass IN (conrelid, confrelid)', [table])
      .pluck('conname')),
    ...(await database('pg_trigger').whereRaw('tgrelid = ?::regclass', [table]).pluck('tgname')),
  ];

  it('spreads each table by a column of all its unique keys', async () => {
    const { workflows, backoffice } = databases();
    const { code, lines, stderr } = await printed();
    assert.deepEqual([code, stderr], [0, '']);
    const spread = lines.flatMap((line) => {
      const [, table = '', column = ''] = /^SELECT create_distributed_table\('(\w+)', '(\w+)'\);$/.exec(line) ?? [];
      return table ? [{ table, column }] : [];
    });
    assert.ok(spread.length > 10, lines.join('\n'));
    for (const { table, column } of spread) {
      const database = table === 'token_usage_tracking' ? workflows : backoffice;
      const keys = await uniqueKeys(database, table);
      assert.ok(keys.length > 0, table);
      for (const key of keys) assert.ok(key.includes(column), `${table}: ${key}`);
      assert.deepEqual(await constraintsAndTriggers(database, table), [], table);
    }
    assert.equal(lines.filter((line) => line === 'CREATE EXTENSION IF NOT EXISTS citus;').length, 2);
  });

  it('says which unique index Citus would refuse', async () => {
    const { backoffice } = databases();
    await backoffice.raw('CREATE UNIQUE INDEX once_only ON packed_days (action, model) WHERE action IS NULL');
    try {
      const { code, stderr } = await printed();
      assert.equal(code, 1);
      assert.match(stderr, /^scale:citus: Citus would refuse this:\n {2}once_only is unique .* does not hold day\n$/);
    } finally {
      await backoffice.raw('DROP INDEX once_only');
    }
  });
});
