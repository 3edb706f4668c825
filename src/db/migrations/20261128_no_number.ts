import type { Knex } from 'knex';

/**
 * Costs that are no number (NaN) are counted, and no sum has them. Rollups that were added up with some are built again: their
 * fingerprints say that nothing has changed, so no audit would.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE usage_hours ADD COLUMN no_number bigint NOT NULL DEFAULT 0;
    ALTER TABLE usage_days ADD COLUMN no_number bigint NOT NULL DEFAULT 0;
    COMMENT ON COLUMN usage_hours.no_number IS 'Requests whose cost is no number (NaN): they are not in cost';
  `);
  const { rows } = await knex.raw(`SELECT EXISTS (SELECT FROM usage_hours WHERE cost = 'NaN') AS some`);
  if (!rows[0].some) return;
  await knex.raw(`
    TRUNCATE usage_hours, usage_days, usage_hours_by_story, usage_days_by_story, story_hours, story_days, rollup_days, hour_fingerprints;
    UPDATE rollup_state
       SET version = version + 1, content_version = version + 1,
           covered_until = NULL, audit_began_at = NULL, audit_position = NULL, audited_until = NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE usage_hours DROP COLUMN no_number; ALTER TABLE usage_days DROP COLUMN no_number');
}
