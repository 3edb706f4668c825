import type { Knex } from 'knex';

const BEGIN_AGAIN = `
  TRUNCATE usage_hours, usage_days, usage_hours_by_story, usage_days_by_story, rollup_days, hour_fingerprints;
  UPDATE rollup_state
     SET version = version + 1, content_version = version + 1, time_zone = NULL,
         covered_until = NULL, audit_began_at = NULL, audit_position = NULL, audited_until = NULL;
`;

/**
 * What is kept of stories by hour and day is one row for each action and model, whatever their stories did before; and where each
 * story was active, by story, so that a changed hour changes the counts of others by its own stories only. Days are built in pieces.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE story_hours, story_days;
    CREATE TABLE story_hours (
      hour           timestamptz NOT NULL,
      within         text NOT NULL,
      action         text NOT NULL,
      model          text NOT NULL,
      previous_hours bigint[] NOT NULL,
      stories_up_to  bigint[] NOT NULL,
      PRIMARY KEY (hour, within, model, action)
    );
    COMMENT ON TABLE story_hours IS 'When the stories that were active in an hour had been active before, within an action, a model, both or all; whatever it is not within is empty text';
    COMMENT ON COLUMN story_hours.previous_hours IS 'Hours since 1970, ascending; the least number stands for never';
    COMMENT ON COLUMN story_hours.stories_up_to IS 'How many stories had last been active in this previous hour or an earlier one';

    CREATE TABLE story_days (
      day            date NOT NULL,
      within         text NOT NULL,
      action         text NOT NULL,
      model          text NOT NULL,
      previous_hours bigint[] NOT NULL,
      stories_up_to  bigint[] NOT NULL,
      PRIMARY KEY (within, model, day, action)
    );
    COMMENT ON TABLE story_days IS 'The same by business day: stories by the last hour before that day in which they were active';

    CREATE TABLE usage_kinds (
      kind   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      action text NOT NULL,
      model  text NOT NULL,
      UNIQUE (action, model)
    );
    COMMENT ON TABLE usage_kinds IS 'Actions and models that have come together, by number';

    CREATE TABLE story_visits (
      story_id uuid PRIMARY KEY,
      hours    bigint[] NOT NULL,
      kinds    integer[] NOT NULL
    ) WITH (fillfactor = 80);
    COMMENT ON TABLE story_visits IS 'usage_hours_by_story by story: the hours since 1970 in which it was active, ascending, and of which kind; the n-th elements belong together';

    ALTER TABLE rollup_state ADD COLUMN days_from timestamptz;
    COMMENT ON COLUMN rollup_state.days_from IS 'Days that begin at or after this instant are in the rollups; null: all. After a change of time zone they are built from the newest to the oldest';
    ${BEGIN_AGAIN}
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE story_hours, story_days, usage_kinds, story_visits;
    ALTER TABLE rollup_state DROP COLUMN days_from;
    CREATE TABLE story_hours (
      hour          timestamptz NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      previous_hour timestamptz NOT NULL,
      stories       integer NOT NULL,
      PRIMARY KEY (hour, model, action, previous_hour)
    );
    CREATE TABLE story_days (
      day           date NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      previous_hour timestamptz NOT NULL,
      stories       integer NOT NULL,
      PRIMARY KEY (model, day, action, previous_hour)
    );
    ${BEGIN_AGAIN}
  `);
}
