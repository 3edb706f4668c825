import type { Knex } from 'knex';
import type { Alert } from '../store/alerts.ts';
import { readRulesOf } from '../store/rules.ts';
import type { RuledAlert } from './alerts-table.ts';

/** Alerts with their rules, in their order. */
export async function withRules(backoffice: Knex, alerts: Alert[]): Promise<RuledAlert[]> {
  const rules = await readRulesOf(backoffice, [...new Set(alerts.map(({ ruleId }) => ruleId))]);
  return alerts.flatMap((alert) => {
    const rule = rules.get(alert.ruleId);
    return rule ? [{ alert, rule }] : [];
  });
}
