import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE api_tokens (
      token_id       uuid PRIMARY KEY,
      token_hash     text NOT NULL UNIQUE,
      sub            text NOT NULL,
      email          text NOT NULL,
      name           text NOT NULL,
      scopes         text[] NOT NULL,
      made_at        timestamptz NOT NULL,
      expires_at     timestamptz NOT NULL,
      revoked_at     timestamptz,
      last_used_at   timestamptz,
      last_used_from text
    );
    COMMENT ON COLUMN api_tokens.token_hash IS 'SHA-256 of the token: reading this table lets nobody in';
    COMMENT ON COLUMN api_tokens.last_used_at IS 'Written at most once a minute';
    CREATE INDEX api_tokens_sub ON api_tokens (sub, made_at);
    CREATE INDEX api_tokens_made_at ON api_tokens (made_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE api_tokens');
}
