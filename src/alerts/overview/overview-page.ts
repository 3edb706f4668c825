import type { LevelBar } from '../../tables/level-bar.ts';
import type { Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type Instant, isoFromInstant, MINUTE } from '../../units/time.ts';
import { alertName, alertsTable, answersText, type RuledAlert } from '../frame/alerts-table.ts';
import { levelBar } from '../frame/level-bar.ts';
import { ALERTS_PATH, againstText, LEVEL_WORDS } from '../frame/words.ts';
import { levelAt, measuredOf, valueText } from '../rules/words.ts';
import type { Progress } from '../store/standings.ts';

/** Some alerts, and how many more there are. */
type SomeRuled = { alerts: RuledAlert[]; more: number };

/** An alert that has not ended, ready to print. */
type FiringItem = {
  name: string;
  href: string;
  level: string;
  recovering: boolean;
  value: string;
  against: string;
  bar: LevelBar | null;
  since: { text: string; time: string; duration: string };
  answers: string[];
};

/** What fires, at most so many of them, and how many more there are, in words. */
export type Firing = { items: FiringItem[]; more: string | null };

export const MOST_FIRING = 50;

/** Null where nothing fires. */
export function firingView({ alerts, more }: SomeRuled, at: Instant, format: Format): Firing | null {
  if (alerts.length === 0) return null;
  return {
    items: alerts.map((one) => firingItem(one, at, format)),
    more:
      more > 0
        ? `${format.integer(more)} more ${more === 1 ? 'fires' : 'fire'} as well: /api/alerts and the pages of their rules list them.`
        : null,
  };
}

function firingItem(one: RuledAlert, at: Instant, format: Format): FiringItem {
  const { alert } = one;
  const measured = measuredOf(alert.asked);
  const { at: levelValue } = levelAt(alert.asked, alert.value, alert.levelValue);
  return {
    name: alertName(one),
    href: `${ALERTS_PATH}/${alert.id}`,
    level: LEVEL_WORDS[alert.level],
    recovering: alert.state === 'recovering',
    value: valueText(alert.value, measured, format),
    against: againstText({ limit: levelValue, usual: alert.usual }, measured, format),
    bar: levelBar(alert.value, levelValue, alert.level, measured, format),
    since: {
      text: format.minute(alert.since),
      time: isoFromInstant(alert.since),
      duration: at > alert.since ? format.duration(at - alert.since) : '',
    },
    answers: answersText(alert, format),
  };
}

export const MOST_ENDED = 20;

/** What was resolved lately. Null where nothing was. */
export function endedView({ alerts, more }: SomeRuled, format: Format): { table: Table; note: string } | null {
  if (alerts.length === 0) return null;
  return {
    table: alertsTable('Resolved lately', alerts, format),
    note:
      more > 0
        ? `The newest ${MOST_ENDED}: ${format.integer(more)} more are on the pages of their rules, and all in /api/alerts.`
        : '',
  };
}

const LATE_AFTER = 5n * MINUTE;

/** What is said where rules have not been evaluated for a while, or rest; null where neither is so. */
export function behindText({ until, resting }: Progress, at: Instant, format: Format): string | null {
  const said: string[] = [];
  if (until !== null && at - until > LATE_AFTER)
    said.push(
      `Rules were last checked as of ${format.minute(until)}, ${format.duration(at - until)} ago. What has happened since is not ` +
        'told yet, and will be as soon as they are checked again.',
    );
  if (resting !== null)
    said.push(
      `A clock was ahead: ${resting.rules === 1 ? 'a rule was' : `${format.integer(resting.rules)} rules were`} checked up to ` +
        `${format.minute(resting.until)}, and ${resting.rules === 1 ? 'rests' : 'rest'} until then, for another ` +
        `${format.duration(resting.until - at)}. What happens meanwhile is told then at the earliest.`,
    );
  return said.length === 0 ? null : said.join(' ');
}
