import type { Knex } from 'knex';

/** A budget says by whose costs it counts: those that were recorded, as all did, or those of the price list. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE budgets ADD COLUMN cost text NOT NULL DEFAULT 'recorded' CHECK (cost IN ('recorded', 'repriced'));
    COMMENT ON COLUMN budgets.cost IS 'Whose costs use it up: recorded, or repriced by the price list';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE budgets DROP COLUMN cost');
}
