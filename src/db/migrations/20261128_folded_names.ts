import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE known_names RENAME TO known_names_shown;
    ALTER TABLE known_names_shown RENAME CONSTRAINT known_names_pkey TO known_names_shown_pkey;

    CREATE TABLE known_names (
      kind   text NOT NULL,
      id     uuid NOT NULL,
      name   text NOT NULL,
      folded text,
      shown  boolean NOT NULL,
      PRIMARY KEY (kind, id)
    ) PARTITION BY LIST (kind);
    CREATE TABLE known_authors PARTITION OF known_names FOR VALUES IN ('author');
    CREATE TABLE known_stories PARTITION OF known_names FOR VALUES IN ('story');
    COMMENT ON TABLE known_names IS 'Names of authors and stories as last seen in mythoria_db; deleting a row forgets the name';
    COMMENT ON COLUMN known_names.folded IS 'The name as searches compare it; null: the next tick will fold it';
    COMMENT ON COLUMN known_names.shown IS 'A page has shown it: then it stays, readable in history, when mythoria_db no longer has it';
    INSERT INTO known_names (kind, id, name, shown) SELECT kind, id, name, true FROM known_names_shown;
    DROP TABLE known_names_shown;
    CREATE INDEX known_names_folded ON known_names USING hash (folded);
    CREATE INDEX known_names_unfolded ON known_names (id) WHERE folded IS NULL;
    CREATE INDEX known_names_block ON known_names ((uuid_hash(id) & 4095));

    CREATE TABLE name_blocks (
      kind        text NOT NULL CHECK (kind IN ('author', 'story')),
      block       integer NOT NULL,
      fingerprint numeric NOT NULL,
      PRIMARY KEY (kind, block)
    );
    COMMENT ON TABLE name_blocks IS 'What the names whose uuid_hash(id) & 4095 is block added up to in mythoria_db when they were read';

    CREATE TABLE name_state (
      kind   text PRIMARY KEY CHECK (kind IN ('author', 'story')),
      names  integer NOT NULL,
      unread integer NOT NULL
    );
    COMMENT ON TABLE name_state IS 'How many names mythoria_db had at the last tick, and how many of them it left for the next';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE name_state, name_blocks;
    ALTER TABLE known_names RENAME TO known_names_folded;
    ALTER TABLE known_names_folded RENAME CONSTRAINT known_names_pkey TO known_names_folded_pkey;
    CREATE TABLE known_names (
      kind text NOT NULL CHECK (kind IN ('author', 'story')),
      id   uuid NOT NULL,
      name text NOT NULL,
      PRIMARY KEY (kind, id)
    );
    INSERT INTO known_names (kind, id, name) SELECT kind, id, name FROM known_names_folded WHERE shown;
    DROP TABLE known_names_folded;
    COMMENT ON TABLE known_names IS 'Names of authors and stories as last seen in mythoria_db, for when it no longer has them; deleting a row forgets the name';
  `);
}
