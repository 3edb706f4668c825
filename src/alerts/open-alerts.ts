import type { Knex } from 'knex';
import type { Format } from '../units/format.ts';
import { measuredOf, valueText } from './rules/words.ts';
import { readOpenAlerts } from './store/alerts.ts';
import { readRules } from './store/rules.ts';

/** The alerts that are open, each in a few words, the worst first. */
export async function openAlertWords(backoffice: Knex, format: Format): Promise<string[]> {
  const [rules, alerts] = await Promise.all([readRules(backoffice), readOpenAlerts(backoffice)]);
  return alerts.flatMap(({ ruleId, asked, subject, value, since }) => {
    const rule = rules.find(({ id }) => id === ruleId);
    if (rule === undefined) return [];
    const what = subject === '' ? '' : `${subject} `;
    return [`${rule.name}: ${what}${valueText(value, measuredOf(asked), format)}, since ${format.minute(since)}`];
  });
}
