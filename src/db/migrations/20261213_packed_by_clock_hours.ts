import type { Knex } from 'knex';

/**
 * What is packed of days tells the hours of the clock apart, for filters of hours. That of before does not: stories are read by their hours for
 * such a filter, and tokens from the source, until the clock has packed them again.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(String.raw`
    ALTER TABLE packed_days
      ADD COLUMN clock_ends bytea NOT NULL DEFAULT '\x0100000000',
      ADD COLUMN form smallint NOT NULL DEFAULT 1;
    ALTER TABLE packed_days ALTER clock_ends SET STORAGE EXTERNAL;
    ALTER TABLE day_tokens
      ADD COLUMN clock_ends bytea NOT NULL DEFAULT '\x0100000000',
      ADD COLUMN form smallint NOT NULL DEFAULT 1;
    ALTER TABLE day_tokens ALTER clock_ends SET STORAGE EXTERNAL;
    COMMENT ON COLUMN day_tokens.clock_ends IS 'How many calls are of each of the 24 hours of the business clock and those before it';
    COMMENT ON COLUMN day_tokens.form IS 'As that of packed_days';
    COMMENT ON COLUMN packed_days.clock_ends IS 'How many elements are of each of the 24 hours of the business clock and those before it; of all actions and models together, which are not in the order of hours, none';
    COMMENT ON COLUMN packed_days.form IS 'How the day was packed: 1 without the hours of the clock, as versions before do, 2 with them';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE packed_days DROP COLUMN clock_ends, DROP COLUMN form');
  await knex.raw('ALTER TABLE day_tokens DROP COLUMN clock_ends, DROP COLUMN form');
}
