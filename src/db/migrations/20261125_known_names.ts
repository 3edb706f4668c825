import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE known_names (
      kind text NOT NULL CHECK (kind IN ('author', 'story')),
      id   uuid NOT NULL,
      name text NOT NULL,
      PRIMARY KEY (kind, id)
    );
    COMMENT ON TABLE known_names IS 'Names of authors and stories as last seen in mythoria_db, for when it no longer has them; deleting a row forgets the name';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE known_names');
}
