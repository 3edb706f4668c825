import assert from 'node:assert/strict';
import {
  bigint,
  bigserial,
  boolean,
  char,
  date,
  doublePrecision,
  integer,
  interval,
  json,
  numeric,
  pgEnum,
  pgTable,
  real,
  serial,
  smallint,
  text,
  time,
  timestamp,
  varchar,
} from 'drizzle-orm/pg-core';
import type { Knex } from 'knex';
import {
  databaseSchema,
  declaredSchema,
  schemaDifferences,
} from '../../../scripts/sync-workflows-schema/compare-database.ts';
import * as copy from '../../../src/db/schema/workflows/index.ts';
import { databases } from '../../support/databases.ts';
import { inScratchSchema } from '../../support/scratch-schema.ts';

const { aiActionType, storyGenerationRuns, tokenUsageTracking } = copy;

async function differences(database: Knex, exports: Record<string, unknown> = copy): Promise<string[]> {
  const declared = declaredSchema(exports);
  return schemaDifferences(declared, await databaseSchema(database, declared));
}

async function differencesAfter(change: string): Promise<string[]> {
  let found: string[] = [];
  await inScratchSchema(
    { tables: [tokenUsageTracking, storyGenerationRuns], enums: [aiActionType] },
    async (scratch) => {
      await scratch.raw(change);
      found = await differences(scratch);
    },
  );
  return found;
}

describe('the copy of the workflows schema, compared with a database', () => {
  it('declares every table and enum of its modules', () => {
    const { tables, enums } = declaredSchema(copy);
    assert.deepEqual([...tables.keys()].sort(), ['story_generation_runs', 'token_usage_tracking']);
    assert.deepEqual([...enums.keys()], ['ai_action_type']);
  });

  it('has nothing to say of a database that matches', async () => {
    assert.deepEqual(await differences(databases().workflows), []);
  });

  const changes: [what: string, sql: string, sentences: string[]][] = [
    [
      'a changed type',
      'ALTER TABLE token_usage_tracking ALTER ai_model TYPE varchar(255)',
      [
        'Column token_usage_tracking.ai_model is character varying(100) in the copy but character varying(255) in the database.',
      ],
    ],
    [
      'a changed precision',
      'ALTER TABLE token_usage_tracking ALTER estimated_cost_in_euros TYPE numeric(12,6)',
      [
        'Column token_usage_tracking.estimated_cost_in_euros is numeric(10,6) in the copy but numeric(12,6) in the database.',
      ],
    ],
    [
      'an instant without its zone',
      'ALTER TABLE token_usage_tracking ALTER created_at TYPE timestamp',
      [
        'Column token_usage_tracking.created_at is timestamp with time zone in the copy but timestamp without time zone in the database.',
      ],
    ],
    [
      'an enum that became text',
      'ALTER TABLE token_usage_tracking ALTER action TYPE text',
      ['Column token_usage_tracking.action is ai_action_type in the copy but text in the database.'],
    ],
    [
      'a changed nullability',
      'ALTER TABLE token_usage_tracking ALTER story_id DROP NOT NULL',
      ['Column token_usage_tracking.story_id is not null in the copy but nullable in the database.'],
    ],
    [
      'a missing column',
      'ALTER TABLE token_usage_tracking DROP story_id',
      ['Column token_usage_tracking.story_id does not exist in the database.'],
    ],
    [
      'a new column',
      'ALTER TABLE token_usage_tracking ADD cached_tokens integer',
      ['Column token_usage_tracking.cached_tokens (integer) is in the database but not in the copy.'],
    ],
    [
      'a renamed column',
      'ALTER TABLE story_generation_runs RENAME status TO state',
      [
        'Column story_generation_runs.status does not exist in the database.',
        'Column story_generation_runs.state (text) is in the database but not in the copy.',
      ],
    ],
    [
      'a missing table',
      'DROP TABLE story_generation_runs',
      ['Table story_generation_runs does not exist in the database.'],
    ],
    [
      'an extra and a missing enum value',
      `ALTER TYPE ai_action_type ADD VALUE 'video_generation'; ALTER TYPE ai_action_type RENAME VALUE 'test' TO 'trial'`,
      [
        'Value "test" of enum ai_action_type is in the copy but not in the database.',
        'Value "trial" of enum ai_action_type is in the database but not in the copy.',
        'Value "video_generation" of enum ai_action_type is in the database but not in the copy.',
      ],
    ],
    [
      'a missing enum type',
      'ALTER TABLE token_usage_tracking ALTER action TYPE text; DROP TYPE ai_action_type',
      [
        'Column token_usage_tracking.action is ai_action_type in the copy but text in the database.',
        'Enum ai_action_type does not exist in the database.',
      ],
    ],
    ['nothing of a table that the copy does not declare', 'CREATE TABLE chapters (chapter_id uuid)', []],
  ];
  for (const [what, sql, sentences] of changes) {
    it(`reports ${what}`, async () => assert.deepEqual(await differencesAfter(sql), sentences));
  }

  it('reads the names of types as PostgreSQL prints them', async () => {
    const mood = pgEnum('mood', ['good', 'bad']);
    const everyType = pgTable('every_type', {
      big: bigint({ mode: 'bigint' }),
      flag: boolean(),
      code: char({ length: 2 }),
      day: date(),
      double: doublePrecision(),
      whole: integer(),
      duration: interval(),
      document: json(),
      exact: numeric(),
      scaled: numeric({ precision: 10, scale: 2 }),
      single: real(),
      small: smallint(),
      words: text(),
      wordList: text('word_list').array(),
      fixedList: varchar('fixed_list', { length: 20 }).array(3),
      clock: time(),
      clockAndZone: time('clock_and_zone', { withTimezone: true }),
      local: timestamp(),
      localMilliseconds: timestamp('local_milliseconds', { precision: 3 }),
      instant: timestamp({ withTimezone: true }),
      instantMilliseconds: timestamp('instant_milliseconds', { precision: 3, withTimezone: true }),
      anyLength: varchar('any_length'),
      feeling: mood(),
      counter: serial(),
      bigCounter: bigserial('big_counter', { mode: 'number' }),
    });
    await inScratchSchema({ tables: [everyType], enums: [mood] }, async (scratch) =>
      assert.deepEqual(await differences(scratch, { mood, everyType }), []),
    );
  });
});
