import type { Knex } from 'knex';
import type { Format } from '../units/format.ts';
import { measuredOf, subjectText, valueText } from './rules/words.ts';
import { readOpenAlerts } from './store/alerts.ts';
import { readRules } from './store/rules.ts';

const MOST = 50;

/** The alerts that are open, each in a few words, the worst first; of very many the first, and how many more there are. */
export async function openAlertWords(backoffice: Knex, format: Format): Promise<string[]> {
  const [rules, { alerts, more }] = await Promise.all([
    readRules(backoffice),
    readOpenAlerts(backoffice, { most: MOST }),
  ]);
  const said = alerts.flatMap(({ ruleId, asked, subject, value, since }) => {
    const rule = rules.find(({ id }) => id === ruleId);
    if (rule === undefined) return [];
    const what = subjectText(asked, subject, ' ');
    return [`${rule.name}: ${what}${valueText(value, measuredOf(asked), format)}, since ${format.minute(since)}`];
  });
  return more === 0 ? said : [...said, `and ${format.integer(more)} more`];
}
