import type { Knex } from 'knex';

/** A rule may be changed after it has fired: what an alert was about is what the rule asked for then. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE alerts ADD COLUMN asked jsonb;
    UPDATE alerts
       SET asked = jsonb_build_object('type', rule.type, 'fields', rule.fields, 'filter', coalesce(budgets.filter, rule.filter))
      FROM alert_rules AS rule
      LEFT JOIN budgets ON budgets.budget_id::text = rule.fields->>'budget'
     WHERE rule.rule_id = alerts.rule_id;
    ALTER TABLE alerts ALTER COLUMN asked SET NOT NULL;
    COMMENT ON COLUMN alerts.asked IS 'What its rule asked for when it fired: type, fields, and the filter of its calls (that of its budget, where it is about one)';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE alerts DROP COLUMN asked');
}
