import type { Knex } from 'knex';

/** A round of the audit takes from a moment to two hours: when it began says what is in, when it ended how lately that was looked at. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE rollup_state ADD COLUMN audit_ended_at timestamptz;
    COMMENT ON COLUMN rollup_state.audit_ended_at IS 'When the last full audit ended, which began at audited_until';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE rollup_state DROP COLUMN audit_ended_at');
}
