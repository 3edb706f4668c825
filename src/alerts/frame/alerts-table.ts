import { type Column, dataTable, type Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { isoFromInstant } from '../../units/time.ts';
import { levelAt, measuredOf, subjectText, valueText } from '../rules/words.ts';
import type { Alert } from '../store/alerts.ts';
import type { Rule } from '../store/rules.ts';
import { ALERTS_PATH, againstText, LEVEL_WORDS } from './words.ts';

/** An alert with the rule that it is of, which may be deleted. */
export type RuledAlert = { alert: Alert; rule: Rule };

/** "gpt-5: Model without a price", or the rule's name alone. */
export const alertName = ({ alert, rule }: RuledAlert): string =>
  `${subjectText(alert.asked, alert.subject)}${rule.name}`;

/** Where alerts are as JSON: of one rule, and those that follow one of them. */
export const alertsPath = (asked: { rule?: string; after?: string }) => `/api/alerts?${new URLSearchParams(asked)}`;

/** What somebody has said or done about an alert, in a few words each. */
export function answersText({ acknowledged, snoozedUntil, feedback }: Alert, format: Format): string[] {
  return [
    ...(acknowledged ? [`acknowledged by ${acknowledged.by}`] : []),
    ...(snoozedUntil ? [`snoozed until ${format.minute(snoozedUntil)}`] : []),
    ...(feedback ? [`called ${feedback}`] : []),
  ];
}

/** Alerts, each leading to its page. */
export function alertsTable(title: string, alerts: RuledAlert[], format: Format): Table {
  const columns: Column<RuledAlert>[] = [
    {
      ...{ name: 'alert', label: 'Alert', kind: 'text', value: alertName },
      cell: ({ alert }) => ({
        href: `${ALERTS_PATH}/${alert.id}`,
        ...(alert.late ? { flag: 'late' } : {}),
        ...noteOf(answersText(alert, format)),
      }),
    },
    { name: 'level', label: 'Level', kind: 'text', value: ({ alert }) => LEVEL_WORDS[alert.level] },
    {
      ...{ name: 'worst', label: 'At worst', kind: 'text', leads: true },
      value: ({ alert }) => valueText(alert.worst, measuredOf(alert.asked), format),
      cell: ({ alert }) =>
        noteOf([
          againstText(
            { limit: levelAt(alert.asked, alert.worst, alert.levelValue).at, usual: alert.usual },
            measuredOf(alert.asked),
            format,
          ),
        ]),
    },
    {
      ...{ name: 'since', label: 'Since', kind: 'instant', value: ({ alert }) => alert.since },
      cell: ({ alert }) => ({ text: format.minute(alert.since) }),
    },
    {
      ...{ name: 'until', label: 'Until', kind: 'text' },
      value: ({ alert }) => (alert.until === null ? alert.state : format.minute(alert.until)),
      cell: ({ alert }) =>
        alert.until === null
          ? {}
          : {
              label: 'Until',
              time: isoFromInstant(alert.until),
              ...(alert.until > alert.since ? { note: format.duration(alert.until - alert.since) } : {}),
            },
    },
  ];
  return dataTable(columns, { title, rows: alerts }).page(format);
}

const noteOf = (said: string[]) => {
  const note = said.filter((one) => one !== '').join(', ');
  return note === '' ? {} : { note };
};
