import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE audit_log ADD COLUMN details text NOT NULL DEFAULT '';
    ALTER TABLE audit_log ADD COLUMN rows bigint;
    COMMENT ON COLUMN audit_log.details IS 'What was done, as a sentence';
    COMMENT ON COLUMN audit_log.rows IS 'How many rows an export holds, or had sent when it broke off';

    DROP INDEX audit_log_happened_at;
    CREATE INDEX audit_log_happened_at ON audit_log (happened_at, audit_id);
    CREATE INDEX audit_log_email ON audit_log (email, happened_at, audit_id);

    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER only_added_to ON audit_log;
    DROP FUNCTION refuse_change();
    DROP INDEX audit_log_email;
    DROP INDEX audit_log_happened_at;
    CREATE INDEX audit_log_happened_at ON audit_log (happened_at);
    ALTER TABLE audit_log DROP COLUMN rows, DROP COLUMN details;
  `);
}
