import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE day_notes (
      note_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      first      date NOT NULL,
      last       date NOT NULL CHECK (last >= first),
      text       text NOT NULL,
      filter     text NOT NULL,
      person     text NOT NULL,
      writer     text NOT NULL,
      written_at timestamptz NOT NULL DEFAULT now(),
      changed_at timestamptz,
      changed_by text
    );
    COMMENT ON TABLE day_notes IS 'What people say of business days, for whoever looks at a chart of them';
    COMMENT ON COLUMN day_notes.filter IS 'Which calls it is about, as the query string of a page; empty for all';
    COMMENT ON COLUMN day_notes.person IS 'Who wrote it: Google''s sub';
    COMMENT ON COLUMN day_notes.writer IS 'The email address of whoever wrote it, as it was then';
    COMMENT ON COLUMN day_notes.changed_by IS 'The email address of whoever changed it last';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE day_notes');
}
