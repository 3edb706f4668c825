import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE usage_hours (
      hour          timestamptz NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      requests      bigint NOT NULL,
      input_tokens  bigint NOT NULL,
      output_tokens bigint NOT NULL,
      cost          numeric NOT NULL,
      zero_cost     bigint NOT NULL,
      PRIMARY KEY (hour, action, model)
    );
    COMMENT ON TABLE usage_hours IS 'Sums of token_usage_tracking by UTC hour, action and model; cost in euros, zero_cost counts requests at €0';

    CREATE TABLE usage_days (
      day           date NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      requests      bigint NOT NULL,
      input_tokens  bigint NOT NULL,
      output_tokens bigint NOT NULL,
      cost          numeric NOT NULL,
      zero_cost     bigint NOT NULL,
      PRIMARY KEY (day, action, model)
    );
    COMMENT ON TABLE usage_days IS 'usage_hours added up by business day, for days that begin and end on a whole UTC hour';

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

    CREATE TABLE usage_days_by_story (
      day           date NOT NULL,
      story_id      uuid NOT NULL,
      author_id     uuid NOT NULL,
      requests      bigint NOT NULL,
      input_tokens  bigint NOT NULL,
      output_tokens bigint NOT NULL,
      cost          numeric NOT NULL,
      PRIMARY KEY (day, story_id, author_id)
    );
    COMMENT ON TABLE usage_days_by_story IS 'usage_hours_by_story added up by business day';

    CREATE TABLE story_hours (
      hour          timestamptz NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      previous_hour timestamptz NOT NULL,
      stories       integer NOT NULL,
      PRIMARY KEY (hour, model, action, previous_hour)
    );
    COMMENT ON TABLE story_hours IS 'How many stories were active in an hour that had last been active in previous_hour (-infinity: never before), within an action and model; empty text means any';

    CREATE TABLE story_days (
      day           date NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      previous_hour timestamptz NOT NULL,
      stories       integer NOT NULL,
      PRIMARY KEY (model, day, action, previous_hour)
    );
    COMMENT ON TABLE story_days IS 'The same by business day: stories by the last hour before that day in which they were active';
    CREATE TABLE rollup_days (
      day     date PRIMARY KEY,
      version bigint NOT NULL
    );
    COMMENT ON TABLE rollup_days IS 'The version at which each day was last written, for those who keep days in memory';

    CREATE TABLE hour_fingerprints (
      hour        timestamptz PRIMARY KEY,
      requests    bigint NOT NULL,
      fingerprint numeric NOT NULL
    );
    COMMENT ON TABLE hour_fingerprints IS 'A hash over the source rows that each hour was computed from; the audit recomputes hours whose hash has changed';

    CREATE TABLE rollup_state (
      only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      version         bigint NOT NULL DEFAULT 0,
      content_version bigint NOT NULL DEFAULT 0,
      time_zone       text,
      covered_until   timestamptz,
      audit_began_at  timestamptz,
      audit_position  timestamptz,
      audited_until   timestamptz
    );
    COMMENT ON COLUMN rollup_state.version IS 'Raised by each write; a refresher whose version is no longer this one has read the source too early';
    COMMENT ON COLUMN rollup_state.content_version IS 'The version of the last write that changed an hour or a day: while it stays, what readers keep in memory is right';
    COMMENT ON COLUMN rollup_state.covered_until IS 'Every hour before this one is in the rollups; everything from here on is read raw';
    COMMENT ON COLUMN rollup_state.audited_until IS 'Every change committed to the source before this instant is in the rollups';
    INSERT INTO rollup_state DEFAULT VALUES;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'DROP TABLE usage_hours, usage_days, usage_hours_by_story, usage_days_by_story, story_hours, story_days, rollup_days, hour_fingerprints, rollup_state',
  );
}
