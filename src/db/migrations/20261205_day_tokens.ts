import type { Knex } from 'knex';

/**
 * The tokens of every call of a complete business day, so that what prices make of them is known at once: each call is rounded by itself, and
 * no sum of tokens tells that. Made of the source by the clock, once there are prices; whoever reads it sees by the version of the day whether it is of that.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE day_tokens (
      day     date NOT NULL,
      action  text NOT NULL,
      model   text NOT NULL,
      version bigint NOT NULL,
      tokens  bytea NOT NULL,
      PRIMARY KEY (day, action, model)
    ) WITH (toast_tuple_target = 8160);
    ALTER TABLE day_tokens ALTER tokens SET STORAGE EXTERNAL;
    COMMENT ON TABLE day_tokens IS 'The tokens of each call of an action and model in a business day: two columns of numbers, in and out, as packed_days has them. A day that is there has a line of empty texts';
    COMMENT ON COLUMN day_tokens.version IS 'That of the day (rollup_days) that it was made for: of no use where the day has another';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE day_tokens');
}
