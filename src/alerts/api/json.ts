import type { Unpriced } from '../../stats/pricing/repriced.ts';
import { isoFromInstant, isoWindow } from '../../units/time.ts';
import { valueJson } from '../alert-json.ts';
import type { Rehearsal } from '../evaluation/rehearse.ts';
import type { Measured } from '../rules/rule-type.ts';
import { levelAt, measuredOf } from '../rules/words.ts';
import type { AlertLine } from '../store/alerts.ts';
import type { Rule } from '../store/rules.ts';
import type { RuleSight } from '../store/standings.ts';

/** A rule as programs read it (docs/openapi.yaml): the fields of its type beside those of every rule; `channels` are ids of those that are there. */
export function ruleJson(
  rule: Rule,
  channels: string[],
  sight: RuleSight | null,
  { sentence, unpriced }: { sentence: string; unpriced: Unpriced | null },
) {
  const { id, name, type, filter, fields, evaluations, remindHours, muted, owner } = rule;
  return {
    ...{ id, name, type, filter },
    ...fields,
    ...{ channels, evaluations, remindHours, muted, owner, sentence, unpriced },
    tellsNobody: muted || channels.length === 0,
    state: sight?.state ?? 'no data',
    measured: measuredOf(rule),
    value: valueJson(sight?.value ?? null, measuredOf(rule)),
    evaluatedUntil: sight && isoFromInstant(sight.evaluatedUntil),
    error: sight?.error ? { reason: sight.error.reason, since: isoFromInstant(sight.error.since) } : null,
  };
}

/** What happened to an alert, or what somebody did about it. */
export const lineJson =
  (measured: Measured) =>
  ({ id, at, kind, level, value, email, note }: AlertLine) => ({
    ...{ id, at: isoFromInstant(at), kind, level, value: valueJson(value, measured), by: email, note },
  });

/** What a rule would have told, as programs read it. */
export function rehearsalJson({ window, alerts }: Rehearsal, rule: Pick<Rule, 'type' | 'fields'>) {
  const measured = measuredOf(rule);
  return {
    window: isoWindow(window),
    measured,
    events: alerts.map(({ subject, from, to, level, value, worst, limit, usual, window: of }) => ({
      from: isoFromInstant(from),
      to: to === null ? null : isoFromInstant(to),
      state: 'firing' as const,
      level,
      subject,
      value: valueJson(value, measured),
      worst: valueJson(worst, measured),
      threshold: valueJson(levelAt(rule, value, limit).at, measured),
      usual: valueJson(usual, measured),
      window: isoWindow(of),
    })),
  };
}
