import type { Knex } from 'knex';

/** What only the source's rows tell is looked for by the clock, a business day at a time, and kept here; what admins say of findings stays. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE finding_days (
      kind      text NOT NULL,
      day       date NOT NULL,
      version   bigint NOT NULL,
      parts     jsonb NOT NULL,
      looked_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (kind, day)
    );
    COMMENT ON TABLE finding_days IS 'What a look at the calls of a business day has found of a kind: parts, none where there is nothing';
    COMMENT ON COLUMN finding_days.version IS 'That of the day (rollup_days) that was looked at: to be looked at again where the day has another';
    CREATE TABLE finding_looks (
      kind     text PRIMARY KEY,
      ended_at timestamptz NOT NULL,
      problem  text
    );
    COMMENT ON TABLE finding_looks IS 'When the last look for a kind ended, and why it did not look at all days; null where it did';
    CREATE TABLE finding_explanations (
      finding_id   text PRIMARY KEY,
      text         text NOT NULL,
      count        bigint NOT NULL,
      euros        numeric(20, 6) NOT NULL,
      explained_at timestamptz NOT NULL DEFAULT now(),
      explained_by text NOT NULL
    );
    COMMENT ON TABLE finding_explanations IS 'What admins say of findings';
    COMMENT ON COLUMN finding_explanations.count IS 'What the finding counted when it was explained, and its euros: it comes back when they have grown by more than a tenth';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE finding_days, finding_looks, finding_explanations');
}
