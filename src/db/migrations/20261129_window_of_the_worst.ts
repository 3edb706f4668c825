import type { Knex } from 'knex';

/** An alert goes on over many windows: what it says at worst is of one of them, and that is the window that it shows. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE alerts ADD COLUMN first_from timestamptz;
    COMMENT ON COLUMN alerts.window_from IS 'The window of worst begins';
    COMMENT ON COLUMN alerts.first_from IS 'The window in which it fired began, where that is another';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE alerts DROP COLUMN first_from');
}
