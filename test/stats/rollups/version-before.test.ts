import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { migrateBackoffice, migrations } from '../../../src/db/migrate.ts';
import { auditAll, tick } from '../../../src/stats/rollups/keep/tick.ts';
import { HOUR, type Instant } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import { dump, NOWS, toInsert, ZONE } from './histories.ts';

const AT = NOWS[1] as Instant;
const BY_NUMBER = { ...migrations, name: '20261214_stories_of_hours_by_number.ts' };

describe('what stories had in the hours, which the version before keeps by id', () => {
  before(async () => {
    await resetUsage();
    const rows = Array.from({ length: 300 }, (_, i) => ({
      ago: BigInt(i) * HOUR + 1n,
      // Several authors of a story too.
      ...{ story: i % 9, model: i % 3, action: i % 2, cost: i * 31 },
    }));
    await insertUsage(toInsert([...rows, ...rows], AT));
    await auditAll(databases(), ZONE, AT);
  });
  after(async () => {
    await migrateBackoffice(databases().backoffice);
    await resetUsage();
  });

  it('is kept by number when it is updated, also of stories that have none yet, and by id again when that is undone', async () => {
    const { backoffice } = databases();
    const right = await dump();
    const elements = () =>
      backoffice
        .select()
        .fromRaw(
          `(SELECT hour, action, model, one.* FROM usage_hours_by_story AS cell
             CROSS JOIN LATERAL unnest(story_ids, author_ids, requests, input_tokens, output_tokens, cost) AS one) AS element`,
        )
        .orderBy('element');
    const byId = await elements();
    assert.ok(byId.length > 200);
    await backoffice.migrate.down(BY_NUMBER);
    assert.deepEqual(await elements(), byId);
    await backoffice.raw('TRUNCATE story_numbers, author_numbers, packed_days RESTART IDENTITY');
    await migrateBackoffice(backoffice);
    assert.deepEqual(await elements(), byId);
    await tick(databases(), ZONE, AT);
    assert.deepEqual(await dump(), right);
  });

  it('is written by it as ever, with a number for whom it has not met', async () => {
    const { backoffice } = databases();
    const right = await dump();
    const names = ['story_ids', 'author_ids', 'requests', 'input_tokens', 'output_tokens', 'cost'];
    const { rows } = await backoffice.raw<{ rows: Record<string, string>[] }>(
      `DELETE FROM usage_hours_by_story RETURNING hour, action, model, ${names.map((name) => `${name}::text`)}`,
    );
    assert.equal((await backoffice('usage_hours_of_stories')).length, 0);
    const write = async (cells: Record<string, string>[]) =>
      backoffice.raw(
        `INSERT INTO usage_hours_by_story (hour, action, model, story_ids, author_ids, requests, input_tokens, output_tokens, cost)
         SELECT hour, action, model, story_ids::uuid[], author_ids::uuid[],
                requests::bigint[], input_tokens::bigint[], output_tokens::bigint[], cost::numeric[]
           FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
             AS cell (hour, action, model, story_ids, author_ids, requests, input_tokens, output_tokens, cost)`,
        ['hour', 'action', 'model', ...names].map((name) => cells.map((cell) => cell[name] as string)),
      );
    await write(rows);
    assert.deepEqual(await dump(), right);
    const [story, author] = [randomUUID(), randomUUID()];
    await write([
      {
        ...{ hour: '2027-01-01T00:00:00Z', action: 'test', model: 'new' },
        ...{ story_ids: `{${story},${story}}`, author_ids: `{${author},${rows[0]?.author_ids?.slice(1, 37)}}` },
        ...{ requests: '{1,2}', input_tokens: '{3,4}', output_tokens: '{5,6}', cost: '{0.000007,0.000008}' },
      },
    ]);
    const written = await backoffice('usage_hours_by_story').where('model', 'new').first();
    assert.deepEqual([written.story_ids, written.author_ids[0]], [[story, story], author]);
    assert.deepEqual(
      [written.requests, written.cost],
      [
        ['1', '2'],
        [0.000007, 0.000008],
      ],
    );
  });
});
