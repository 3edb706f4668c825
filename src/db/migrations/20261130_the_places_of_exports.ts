import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE export_places (
      owner   text NOT NULL,
      place   integer NOT NULL,
      holder  uuid NOT NULL UNIQUE,
      expires timestamptz NOT NULL,
      PRIMARY KEY (owner, place)
    );
    COMMENT ON TABLE export_places IS 'Which exports are under way: of each person as many as there are places. A process renews those that it holds';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE export_places');
}
