import type { Knex } from 'knex';

/** packed_days holds all of it. The table stays for the version before, which writes what nobody reads; the next one may drop it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    TRUNCATE usage_days_by_story;
    COMMENT ON TABLE usage_days_by_story IS 'Of the version before, and read by nobody: packed_days holds the same';
  `);
}

/** The version before packs days from it when it writes them, and writes both. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`COMMENT ON TABLE usage_days_by_story IS 'usage_hours_by_story added up by business day'`);
}
