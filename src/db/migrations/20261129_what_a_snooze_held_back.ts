import type { Knex } from 'knex';

/** What happens to a snoozed alert is told when the snooze is over. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE alerts ADD COLUMN held_back uuid;
    COMMENT ON COLUMN alerts.held_back IS 'The line of its history that is told when its snooze is over';
    CREATE INDEX alerts_held_back ON alerts (snoozed_until) WHERE held_back IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE alerts DROP COLUMN held_back');
}
