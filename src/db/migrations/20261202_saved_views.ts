import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE saved_views (
      view_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      person  text NOT NULL,
      owner   text NOT NULL,
      name    text NOT NULL,
      address text NOT NULL,
      shared  boolean NOT NULL,
      made_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX saved_views_of_a_person ON saved_views (person);
    COMMENT ON TABLE saved_views IS 'Pages over AI usage that somebody has given a name; nothing ends with the person who made it';
    COMMENT ON COLUMN saved_views.person IS 'Who made it: Google''s sub';
    COMMENT ON COLUMN saved_views.owner IS 'The email address of whoever made it, as it was then';
    COMMENT ON COLUMN saved_views.address IS 'Path and query string, without an instant: a period in it moves along';
    COMMENT ON COLUMN saved_views.shared IS 'Whether it is everybody''s to use';

    CREATE TABLE starred_views (
      person  text NOT NULL,
      view_id uuid NOT NULL REFERENCES saved_views ON DELETE CASCADE,
      place   integer NOT NULL,
      PRIMARY KEY (person, view_id)
    );
    CREATE INDEX starred_views_of_a_view ON starred_views (view_id);
    COMMENT ON COLUMN starred_views.place IS 'Where it stands among those of the person, the lowest first';

    CREATE TABLE start_pages (
      person text PRIMARY KEY
    );
    COMMENT ON TABLE start_pages IS 'Who begins with the first of their starred views, not with the overview';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE start_pages, starred_views, saved_views');
}
