import type { Knex } from 'knex';

/**
 * What stories had in a day, as a process wants it: numbers in as few bytes as hold them. It is made of the hours when a day is written, and of
 * days that a version before has written by the clock; whoever reads it sees by the version of the day whether it is of that.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE story_numbers (
      story_id uuid PRIMARY KEY,
      number   integer GENERATED ALWAYS AS IDENTITY UNIQUE
    );
    CREATE TABLE author_numbers (
      author_id uuid PRIMARY KEY,
      number    integer GENERATED ALWAYS AS IDENTITY UNIQUE
    );
    COMMENT ON TABLE story_numbers IS 'Stories of the rollups by number: a quarter of an id';
    COMMENT ON TABLE author_numbers IS 'Authors of the rollups by number';

    CREATE TABLE packed_days (
      day           date NOT NULL,
      action        text NOT NULL,
      model         text NOT NULL,
      version       bigint NOT NULL,
      stories       bytea NOT NULL,
      authors       bytea NOT NULL,
      requests      bytea NOT NULL,
      input_tokens  bytea NOT NULL,
      output_tokens bytea NOT NULL,
      cost          bytea NOT NULL,
      clock_cost    bytea NOT NULL,
      PRIMARY KEY (day, action, model)
    ) WITH (toast_tuple_target = 8160);
    ALTER TABLE packed_days
      ALTER stories SET STORAGE EXTERNAL, ALTER authors SET STORAGE EXTERNAL, ALTER requests SET STORAGE EXTERNAL,
      ALTER input_tokens SET STORAGE EXTERNAL, ALTER output_tokens SET STORAGE EXTERNAL, ALTER cost SET STORAGE EXTERNAL, ALTER clock_cost SET STORAGE EXTERNAL;
    COMMENT ON TABLE packed_days IS 'What each story and author had of an action and model in a business day, and of all of them together (empty texts): columns of numbers, whose n-th elements belong together';
    COMMENT ON COLUMN packed_days.version IS 'That of the day (rollup_days) that it was packed from: of no use where the day has another';
    COMMENT ON COLUMN packed_days.cost IS 'In millionths of a euro';
    COMMENT ON COLUMN packed_days.clock_cost IS 'The cost in each of the 24 hours of the business clock: a repeated hour counts twice';
    COMMENT ON COLUMN packed_days.stories IS 'A byte that says how many bytes an element has (8: a double), four of how many there are, and the elements, the lowest byte first';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE packed_days, author_numbers, story_numbers');
}
