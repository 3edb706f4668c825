import type { Knex } from 'knex';

/** An alert whose value is of costs by the price list says which calls that leaves out. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE alerts ADD COLUMN unpriced jsonb;
    COMMENT ON COLUMN alerts.unpriced IS 'The calls that no price was for when it was last told of: how many, and their models; null where recorded costs count, or none do';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE alerts DROP COLUMN unpriced');
}
