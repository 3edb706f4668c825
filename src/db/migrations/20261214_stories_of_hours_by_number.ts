import type { Knex } from 'knex';

/**
 * What stories had in the hours is half of all that the rollups hold, and half of that were ids of stories and authors: numbers in their place.
 * Under the old name and with the columns of before, the version before reads and writes it as ever; only to begin all of it again, which is a
 * TRUNCATE, it has to be the table that `down` makes. Whoever writes hours takes the row of the state first, and so does this.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    SELECT FROM rollup_state FOR UPDATE;
    INSERT INTO story_numbers (story_id)
      SELECT DISTINCT id FROM usage_hours_by_story CROSS JOIN LATERAL unnest(story_ids) AS one (id)
      EXCEPT SELECT story_id FROM story_numbers;
    INSERT INTO author_numbers (author_id)
      SELECT DISTINCT id FROM usage_hours_by_story CROSS JOIN LATERAL unnest(author_ids) AS one (id)
      EXCEPT SELECT author_id FROM author_numbers;

    CREATE TABLE usage_hours_of_stories (
      hour          timestamptz NOT NULL,
      action        text        NOT NULL,
      model         text        NOT NULL,
      stories       integer[]   NOT NULL,
      authors       integer[]   NOT NULL,
      requests      integer[]   NOT NULL,
      input_tokens  bigint[]    NOT NULL,
      output_tokens bigint[]    NOT NULL,
      cost          numeric[]   NOT NULL
    );
    INSERT INTO usage_hours_of_stories
      SELECT hour, action, model, numbers.stories, numbers.authors, requests, input_tokens, output_tokens, cost
        FROM usage_hours_by_story
       CROSS JOIN LATERAL (
         SELECT array_agg(story.number ORDER BY place) AS stories, array_agg(author.number ORDER BY place) AS authors
           FROM unnest(story_ids, author_ids) WITH ORDINALITY AS one (story_id, author_id, place)
           JOIN story_numbers AS story USING (story_id) JOIN author_numbers AS author USING (author_id)) AS numbers;
    ALTER TABLE usage_hours_of_stories ADD PRIMARY KEY (hour, action, model);
    COMMENT ON TABLE usage_hours_of_stories IS 'What each story and author had of an action and model in an hour: arrays whose n-th elements belong together';
    COMMENT ON COLUMN usage_hours_of_stories.stories IS 'By number (story_numbers), as authors are';

    DROP TABLE usage_hours_by_story;
    CREATE VIEW usage_hours_by_story AS
      SELECT hour, action, model,
             (SELECT array_agg(story_id ORDER BY place)
                FROM unnest(stories) WITH ORDINALITY AS one (number, place) JOIN story_numbers USING (number)) AS story_ids,
             (SELECT array_agg(author_id ORDER BY place)
                FROM unnest(authors) WITH ORDINALITY AS one (number, place) JOIN author_numbers USING (number)) AS author_ids,
             requests::bigint[] AS requests, input_tokens, output_tokens, cost
        FROM usage_hours_of_stories;
    COMMENT ON VIEW usage_hours_by_story IS 'For the version before, which knows ids: the next one may drop it';

    CREATE FUNCTION write_hours_by_id() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' THEN
        DELETE FROM usage_hours_of_stories WHERE hour = OLD.hour AND action = OLD.action AND model = OLD.model;
        RETURN OLD;
      END IF;
      INSERT INTO story_numbers (story_id) SELECT unnest(NEW.story_ids) EXCEPT SELECT story_id FROM story_numbers WHERE story_id = ANY (NEW.story_ids);
      INSERT INTO author_numbers (author_id) SELECT unnest(NEW.author_ids) EXCEPT SELECT author_id FROM author_numbers WHERE author_id = ANY (NEW.author_ids);
      INSERT INTO usage_hours_of_stories
        SELECT NEW.hour, NEW.action, NEW.model, array_agg(story.number ORDER BY place), array_agg(author.number ORDER BY place),
               NEW.requests::integer[], NEW.input_tokens, NEW.output_tokens, NEW.cost
          FROM unnest(NEW.story_ids, NEW.author_ids) WITH ORDINALITY AS one (story_id, author_id, place)
          JOIN story_numbers AS story USING (story_id) JOIN author_numbers AS author USING (author_id);
      RETURN NEW;
    END $$;
    CREATE TRIGGER write_hours_by_id INSTEAD OF INSERT OR DELETE ON usage_hours_by_story
      FOR EACH ROW EXECUTE FUNCTION write_hours_by_id();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    SELECT FROM rollup_state FOR UPDATE;
    CREATE TABLE hours_by_id AS SELECT * FROM usage_hours_by_story;
    DROP VIEW usage_hours_by_story;
    DROP FUNCTION write_hours_by_id;
    DROP TABLE usage_hours_of_stories;
    ALTER TABLE hours_by_id RENAME TO usage_hours_by_story;
    ALTER TABLE usage_hours_by_story
      ADD PRIMARY KEY (hour, action, model),
      ALTER story_ids SET NOT NULL, ALTER author_ids SET NOT NULL, ALTER requests SET NOT NULL,
      ALTER input_tokens SET NOT NULL, ALTER output_tokens SET NOT NULL, ALTER cost SET NOT NULL;
    COMMENT ON TABLE usage_hours_by_story IS 'What each story and author had of an action and model in an hour: arrays whose n-th elements belong together';
  `);
}
