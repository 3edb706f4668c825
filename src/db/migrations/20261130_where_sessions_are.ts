import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE sessions ADD COLUMN address text NOT NULL DEFAULT '';
    COMMENT ON COLUMN sessions.address IS 'From where somebody signed in; empty for sessions of an earlier version';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE sessions DROP COLUMN address');
}
