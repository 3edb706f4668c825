import type { Knex } from 'knex';

const BEGIN_AGAIN = `
  TRUNCATE usage_hours, usage_days, usage_days_by_story, story_hours, story_days, rollup_days, hour_fingerprints;
  UPDATE rollup_state
     SET version = version + 1, content_version = version + 1,
         covered_until = NULL, audit_began_at = NULL, audit_position = NULL, audited_until = NULL;
`;

/** The rollups are built again: what they kept of stories did not tell action and model. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE usage_hours_by_story;
    CREATE TABLE usage_hours_by_story (
      hour          timestamptz NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      story_ids     uuid[] NOT NULL,
      author_ids    uuid[] NOT NULL,
      requests      bigint[] NOT NULL,
      input_tokens  bigint[] NOT NULL,
      output_tokens bigint[] NOT NULL,
      cost          numeric[] NOT NULL,
      PRIMARY KEY (hour, action, model)
    );
    COMMENT ON TABLE usage_hours_by_story IS 'What each story and author had of an hour, action and model; the n-th elements of all arrays belong together';
    ${BEGIN_AGAIN}
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE usage_hours_by_story;
    CREATE TABLE usage_hours_by_story (
      hour          timestamptz NOT NULL,
      story_id      uuid NOT NULL,
      author_id     uuid NOT NULL,
      requests      bigint NOT NULL,
      input_tokens  bigint NOT NULL,
      output_tokens bigint NOT NULL,
      cost          numeric NOT NULL,
      PRIMARY KEY (hour, story_id, author_id)
    );
    COMMENT ON TABLE usage_hours_by_story IS 'Sums of token_usage_tracking by UTC hour, story and author';
    ${BEGIN_AGAIN}
  `);
}
