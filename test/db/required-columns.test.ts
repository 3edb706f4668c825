import assert from 'node:assert/strict';
import { getTableConfig } from 'drizzle-orm/pg-core';
import type { Knex } from 'knex';
import { mayReadPrompts, missingColumns, USAGE_COLUMNS } from '../../src/db/required-columns.ts';
import { aiActionType, tokenUsageTracking } from '../../src/db/schema/workflows/index.ts';
import { databases } from '../support/databases.ts';
import { inScratchSchema } from '../support/scratch-schema.ts';

const inScratch = (work: (scratch: Knex) => Promise<void>) =>
  inScratchSchema({ tables: [tokenUsageTracking], enums: [aiActionType] }, work);

describe('the columns that the program needs', () => {
  it('are all there', async () => {
    assert.deepEqual(await missingColumns(databases().workflows), []);
  });

  it('are those of the copy of the schema', () => {
    const ofCopy = getTableConfig(tokenUsageTracking).columns.map((column) => [column.name, column.getSQLType()]);
    assert.deepEqual(Object.entries(USAGE_COLUMNS), ofCopy);
  });

  it('are named, each with its type, where they are not', () =>
    inScratch(async (scratch) => {
      await scratch.raw('ALTER TABLE token_usage_tracking DROP story_id, DROP estimated_cost_in_euros');
      assert.deepEqual(await missingColumns(scratch), [
        'token_usage_tracking.story_id (uuid): does not exist',
        'token_usage_tracking.estimated_cost_in_euros (numeric(10, 6)): does not exist',
      ]);
    }));

  it('are one line when the table is missing', () =>
    inScratch(async (scratch) => {
      await scratch.raw('DROP TABLE token_usage_tracking');
      assert.deepEqual(await missingColumns(scratch), [
        'token_usage_tracking: no such table, or no USAGE privilege on its schema',
      ]);
    }));

  it('are checked by a role that may only SELECT, and told apart from those that it may not read', () =>
    inScratch(async (scratch) => {
      const role = `reader_${process.pid}`;
      await scratch.raw(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA scratch TO ${role}`);
      await scratch.raw(`GRANT SELECT ON token_usage_tracking TO ${role}; SET LOCAL ROLE ${role}`);
      assert.deepEqual(await missingColumns(scratch), []);

      await scratch.raw('RESET ROLE; ALTER TABLE token_usage_tracking DROP story_id');
      await scratch.raw(`REVOKE SELECT ON token_usage_tracking FROM ${role}`);
      const { rows } = await scratch.raw<{ rows: { names: string }[] }>(
        `SELECT string_agg(attname, ', ') AS names FROM pg_attribute
          WHERE attrelid = 'token_usage_tracking'::regclass AND attnum > 0 AND NOT attisdropped
            AND attname NOT IN ('input_prompt_json', 'ai_model')`,
      );
      await scratch.raw(`GRANT SELECT (${rows[0]?.names}) ON token_usage_tracking TO ${role}; SET LOCAL ROLE ${role}`);
      assert.deepEqual(await missingColumns(scratch), [
        'token_usage_tracking.story_id (uuid): does not exist',
        'token_usage_tracking.ai_model (varchar(100)): no SELECT privilege',
      ]);
      // Everything but prompts works without it.
      assert.equal(await mayReadPrompts(scratch), false);
      await scratch.raw('RESET ROLE; ALTER TABLE token_usage_tracking DROP input_prompt_json');
      assert.ok(
        (await missingColumns(scratch)).includes('token_usage_tracking.input_prompt_json (jsonb): does not exist'),
      );
    }));
});
