import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE channels
      ADD COLUMN person text UNIQUE,
      ADD COLUMN digest text CHECK (digest IN ('daily', 'weekly')),
      ADD COLUMN digest_until date;
    COMMENT ON COLUMN channels.person IS 'Whose own it is, for digests: Google''s sub; rules know nothing of it';
    COMMENT ON COLUMN channels.digest_until IS 'The day behind the last period that has been told';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE channels DROP COLUMN person, DROP COLUMN digest, DROP COLUMN digest_until');
}
