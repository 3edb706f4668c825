import type { Knex } from 'knex';

/** On which days a story was active is asked of the rollups, so that its counts are of the same state as the sums. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX usage_days_by_story_story_id ON usage_days_by_story (story_id)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX usage_days_by_story_story_id');
}
