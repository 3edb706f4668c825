import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_chain (
      place    bigint PRIMARY KEY,
      audit_id bigint NOT NULL UNIQUE,
      hash     text NOT NULL
    );
    COMMENT ON TABLE audit_chain IS 'The lines of the audit log in the order in which they were chained; a job adds them';
    COMMENT ON COLUMN audit_chain.hash IS 'SHA-256 of the hash before and the line';

    CREATE TABLE audit_chain_ends (
      only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      forgotten   bigint NOT NULL DEFAULT 0,
      before_hash text NOT NULL DEFAULT '',
      last_place  bigint NOT NULL DEFAULT 0,
      last_hash   text NOT NULL DEFAULT '',
      newest_line bigint NOT NULL DEFAULT 0
    );
    COMMENT ON COLUMN audit_chain_ends.forgotten IS 'How many lines were deleted as too old: the place before the first that is kept';
    COMMENT ON COLUMN audit_chain_ends.before_hash IS 'The hash of the last of those, which the first that is kept is chained to';
    INSERT INTO audit_chain_ends DEFAULT VALUES;

    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND current_setting('mythoria.forgets_old_lines', true) = 'on' THEN
        RETURN NULL;
      END IF;
      RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
    DROP TABLE audit_chain_ends;
    DROP TABLE audit_chain;
  `);
}
