import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE UNLOGGED TABLE rate_counts (
      key    text PRIMARY KEY,
      points integer NOT NULL,
      expire bigint NOT NULL
    );
    CREATE INDEX rate_counts_expire ON rate_counts (expire);
    COMMENT ON TABLE rate_counts IS 'How often somebody has done what is limited in the minute that ends at expire (milliseconds since 1970). Unlogged: a count may be lost with the server';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE rate_counts');
}
