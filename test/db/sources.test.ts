import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { GROWING_TABLES } from '../../scripts/scale-citus/growing-tables.ts';
import { existingIndexes, RECOMMENDED_INDEXES, statementsFor } from '../../src/stats/indexes.ts';
import { databases, databasesAsRead, onServer } from '../support/databases.ts';
import { skip } from '../support/skip.ts';
import { sourceKind } from '../support/source.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const HOUR_US = 3_600_000_000n;

const kindOf = async (workflows: Knex): Promise<string> =>
  (await workflows('pg_class').whereRaw(`oid = 'token_usage_tracking'::regclass`).pluck('relkind'))[0];

async function planOf(workflows: Knex): Promise<string> {
  const { rows } = await workflows.raw<{ rows: { 'QUERY PLAN': string }[] }>(
    'EXPLAIN SELECT sum(input_tokens) FROM token_usage_tracking',
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/** What tells that a run reads what it says (TEST_SOURCE), and not the table beside it. */
const TOLD_BY: Record<string, (workflows: Knex) => Promise<void>> = {
  async view(workflows) {
    assert.equal(await kindOf(workflows), 'v');
  },
  async partitions(workflows) {
    assert.equal(await kindOf(workflows), 'p');
    assert.match(await planOf(workflows), /tracking_0[\s\S]*tracking_29[\s\S]*tracking_other/);
    const kinds = await databases()
      .backoffice('pg_class')
      .whereIn('relname', Object.keys(GROWING_TABLES))
      .pluck('relkind');
    assert.deepEqual(new Set(kinds), new Set(['p']));
    assert.equal(kinds.length, Object.keys(GROWING_TABLES).length);
  },
  async fdw(workflows) {
    const plan = await planOf(workflows);
    assert.match(plan, /Append[\s\S]*Async Foreign Scan on calls_0[\s\S]*Async Foreign Scan on calls_1/);
    const { rows } = await workflows.raw(
      'SELECT tableoid::regclass::text AS part, count(*)::integer AS rows FROM token_usage_tracking GROUP BY 1 ORDER BY 1',
    );
    assert.deepEqual(rows, [
      { part: 'calls_0', rows: 1 },
      { part: 'calls_1', rows: 2 },
    ]);
  },
  async replica(workflows) {
    const { rows } = await workflows.raw('SELECT pg_is_in_recovery() AS standby');
    assert.equal(rows[0].standby, true);
  },
  'pgbouncer-session': isPooled,
  'pgbouncer-transaction': isPooled,
};

async function isPooled(workflows: Knex) {
  const { rows } = await workflows.raw('SELECT inet_server_port() AS port, current_user AS role');
  assert.notEqual(rows[0].port, Number(workflows.client.connectionSettings.port));
  assert.match(rows[0].role, /_reader$/);
}

describe('the source of this run', () => {
  after(resetUsage);

  it('is the one that it is said to be, and has at once what was written', async function () {
    const told = TOLD_BY[sourceKind()];
    if (told === undefined) skip(this, 'no other source than the table (TEST_SOURCE)');
    await resetUsage();
    const now = BigInt(Date.now()) * 1000n;
    await insertUsage([{ at: now - 24n * 30n * HOUR_US }, { at: now - HOUR_US }, { at: now - 2n * HOUR_US }]);
    const { workflows } = databasesAsRead();
    assert.equal((await workflows('token_usage_tracking').select('token_usage_id')).length, 3);
    await told(workflows);
  });

  it('gets the recommended indexes by the statements that are printed for it', async function () {
    if (!onServer()) skip(this, 'no PostgreSQL server (TEST_DATABASE_URL)');
    if (!['', 'partitions'].includes(sourceKind())) skip(this, 'no table or partitions (TEST_SOURCE)');
    const { workflows } = databases();
    try {
      for (const one of RECOMMENDED_INDEXES)
        for (const statement of await statementsFor(workflows, one)) await workflows.raw(statement);
      const found = await existingIndexes(workflows);
      assert.deepEqual(
        [...found.values()],
        RECOMMENDED_INDEXES.map(({ name }) => name),
      );
    } finally {
      for (const { name } of RECOMMENDED_INDEXES) await workflows.raw(`DROP INDEX IF EXISTS ${name}`);
    }
  });
});
