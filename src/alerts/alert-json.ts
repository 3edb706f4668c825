import { eurosNumber, microEuros } from '../units/money.ts';
import { type Instant, isoFromInstant } from '../units/time.ts';
import type { Measured } from './rules/rule-type.ts';
import { levelAt, measuredOf } from './rules/words.ts';
import type { Alert } from './store/alerts.ts';
import type { Rule } from './store/rules.ts';

/** A value as programs read it: euros, requests, tokens, hours, or a share from 0 to 1 and beyond. */
export const valueJson = (value: number | null, measured: Measured): number | null =>
  value === null ? null : measured === 'euros' ? eurosNumber(microEuros(Math.round(value))) : value;

const instantJson = (instant: Instant | null) => (instant === null ? null : isoFromInstant(instant));

/** An alert as programs read it (docs/openapi.yaml). */
export function alertJson(alert: Alert, rule: Rule, appUrl: URL) {
  const measured = measuredOf(alert.asked);
  return {
    ...{ id: alert.id, ruleId: rule.id, rule: rule.name, type: alert.asked.type, subject: alert.subject },
    ...{ state: alert.state, level: alert.level, late: alert.late, measured },
    value: valueJson(alert.value, measured),
    worst: valueJson(alert.worst, measured),
    threshold: valueJson(levelAt(alert.asked, alert.value, alert.levelValue).at, measured),
    usual: valueJson(alert.usual, measured),
    unpriced: alert.unpriced,
    since: isoFromInstant(alert.since),
    until: instantJson(alert.until),
    window: { from: isoFromInstant(alert.window.from), to: isoFromInstant(alert.window.to) },
    acknowledged: alert.acknowledged && { at: isoFromInstant(alert.acknowledged.at), by: alert.acknowledged.by },
    snoozedUntil: instantJson(alert.snoozedUntil),
    feedback: alert.feedback,
    url: new URL(`/alerts/${alert.id}`, appUrl).href,
  };
}
