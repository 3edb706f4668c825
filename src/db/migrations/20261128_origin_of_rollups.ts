import type { Knex } from 'knex';

/**
 * Rollups are of one source, and a build of them has a name of its own. They are built again: the fingerprint of an hour had the
 * object id of each action in it, which is another one where the same records have been restored.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE rollup_state
      ADD COLUMN build uuid NOT NULL DEFAULT gen_random_uuid(),
      ADD COLUMN confirmed_at timestamptz,
      ADD COLUMN confirmed_by uuid;
    COMMENT ON COLUMN rollup_state.build IS 'Another one whenever the rollups are begun again, perhaps from another source';
    COMMENT ON COLUMN rollup_state.confirmed_at IS 'When a process last found that its source holds the records of this build';
    COMMENT ON COLUMN rollup_state.confirmed_by IS 'A name that this process has made up for itself';
    TRUNCATE usage_hours, usage_days, usage_hours_by_story, usage_days_by_story, story_hours, story_days, rollup_days, hour_fingerprints;
    UPDATE rollup_state
       SET version = version + 1, content_version = version + 1,
           covered_until = NULL, audit_began_at = NULL, audit_position = NULL, audited_until = NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'ALTER TABLE rollup_state DROP COLUMN build, DROP COLUMN confirmed_at, DROP COLUMN confirmed_by; TRUNCATE hour_fingerprints',
  );
}
