import type { Knex } from 'knex';

/** A database that rollups were found to be of is known by its place again, though some of its records have changed since. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE rollup_state ADD COLUMN confirmed_place text;
    COMMENT ON COLUMN rollup_state.confirmed_place IS 'Where a connection led that this build was confirmed on: a start of a server, its address, the object id of a database';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE rollup_state DROP COLUMN confirmed_place');
}
