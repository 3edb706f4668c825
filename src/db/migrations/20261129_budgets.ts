import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE budgets (
      budget_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      name       text NOT NULL,
      per        text NOT NULL CHECK (per IN ('week', 'month', 'quarter', 'year')),
      filter     text NOT NULL,
      owner      text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      deleted_at timestamptz
    );
    COMMENT ON TABLE budgets IS 'What calls may cost per calendar period of the business time zone; deleted ones stay, for what has been told of them';
    COMMENT ON COLUMN budgets.filter IS 'Which calls, as the query string of a page; empty for all';
    COMMENT ON COLUMN budgets.owner IS 'The email address of whoever made it';

    CREATE TABLE budget_amounts (
      budget_id  uuid NOT NULL REFERENCES budgets,
      valid_from date NOT NULL,
      amount     numeric NOT NULL CHECK (amount > 0),
      PRIMARY KEY (budget_id, valid_from)
    );
    COMMENT ON COLUMN budget_amounts.valid_from IS 'The first business day that the amount is for; -infinity where it is the first';
    COMMENT ON COLUMN budget_amounts.amount IS 'Euros per period';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE budget_amounts, budgets');
}
