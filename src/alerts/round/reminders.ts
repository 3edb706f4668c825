import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import { type Instant, postgresFromInstant } from '../../units/time.ts';
import { readAlert, writeAlertLine } from '../store/alerts.ts';
import { readRule } from '../store/rules.ts';
import type { Words } from './wording.ts';
import { tell } from './write.ts';

/** Tells again of what fires on, where its rule asks for that and nobody has taken notice. */
export async function remind(backoffice: Knex, at: Instant, words: Words): Promise<void> {
  const due: { alert_id: string; reminded_at: string | null }[] = await backoffice('alerts')
    .join('alert_rules', 'alert_rules.rule_id', 'alerts.rule_id')
    .join('rule_standings', 'rule_standings.rule_id', 'alerts.rule_id')
    .where('alerts.state', 'firing')
    .whereNull('acknowledged_at')
    .whereNull('deleted_at')
    .where('muted', false)
    // What cannot be evaluated is not known to go on.
    .whereNull('error')
    .whereRaw('(snoozed_until IS NULL OR snoozed_until <= ?)', [postgresFromInstant(at)])
    .whereRaw(`coalesce(reminded_at, since) + remind_hours * interval '1 hour' <= ?`, [postgresFromInstant(at)])
    .select('alert_id', 'reminded_at');
  if (due.length === 0) return;
  const budgets = await readBudgets(backoffice);
  for (const { alert_id, reminded_at } of due) {
    await backoffice.transaction(async (transaction) => {
      const taken = await transaction('alerts')
        .where({ alert_id, state: 'firing' })
        .whereRaw('reminded_at IS NOT DISTINCT FROM ?::timestamptz', [reminded_at])
        .update({ reminded_at: postgresFromInstant(at) });
      const alert = taken === 0 ? null : await readAlert(transaction, alert_id);
      const rule = alert && (await readRule(transaction, alert.ruleId));
      if (!alert || !rule) return;
      const event = randomUUID();
      await writeAlertLine(transaction, { id: event, alertId: alert.id, at, kind: 'reminded', value: alert.value });
      await tell(transaction, { kind: 'reminded', rule, alert, at }, event, budgets, words);
    });
  }
}
