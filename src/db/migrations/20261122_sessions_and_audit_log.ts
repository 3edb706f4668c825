import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sessions (
      sid_hash     text PRIMARY KEY,
      sub          text NOT NULL,
      data         jsonb NOT NULL,
      user_agent   text NOT NULL,
      signed_in_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      expire       timestamptz NOT NULL
    );
    COMMENT ON COLUMN sessions.sid_hash IS 'SHA-256 of the session id: reading this table lets nobody in';
    CREATE INDEX sessions_sub ON sessions (sub);
    CREATE INDEX sessions_expire ON sessions (expire);

    CREATE TABLE audit_log (
      audit_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      happened_at timestamptz NOT NULL DEFAULT now(),
      sub         text NOT NULL,
      email       text NOT NULL,
      action      text NOT NULL,
      subject     text NOT NULL
    );
    CREATE INDEX audit_log_happened_at ON audit_log (happened_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE audit_log; DROP TABLE sessions');
}
