import { written } from '../../catalog/written.ts';
import type { Message } from '../../delivery/message.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import { leftOutText } from '../../stats/pricing/left-out.ts';
import type { Format } from '../../units/format.ts';
import { dayOf, earliest, endOfDay, type Instant, isoFromInstant, startOfDay } from '../../units/time.ts';
import { alertJson } from '../alert-json.ts';
import { whoseCostOf } from '../rules/registry.ts';
import type { Span } from '../rules/windows.ts';
import { isBySubject, levelAt, measuredOf, ruleSentence, subjectText, valueText } from '../rules/words.ts';
import type { Alert, EventKind } from '../store/alerts.ts';
import type { Rule } from '../store/rules.ts';

/** What is told of: an alert after what happened to it. */
export type Told = {
  kind: EventKind;
  rule: Rule;
  budget: Budget | null;
  alert: Alert;
  at: Instant;
  note?: string;
};

type Writing = { format: Format; appUrl: URL };

/** "since midnight", "since 23 Nov 2026", "on Fri, 27 Nov 2026": the window of an alert in as few words as say it. */
function windowWords({ from, to }: Span, at: Instant, format: Format): string {
  const { timeZone } = format;
  const day = dayOf(from, timeZone);
  const isFromMidnight = from === startOfDay(day, timeZone);
  if (to <= at)
    return isFromMidnight && to === endOfDay(day, timeZone)
      ? `on ${format.longDay(day)}`
      : `from ${format.minute(from)} to ${format.minute(to)}`;
  if (day === dayOf(at, timeZone)) return `since ${isFromMidnight ? 'midnight' : format.timeOfDay(from)}`;
  return `since ${isFromMidnight ? format.longDay(day) : format.minute(from)}`;
}

/** The filter of the very calls of an alert: those of its rule, of its subject where that is one that a filter knows. */
export function callsOfAlert({ asked, subject }: Pick<Alert, 'asked' | 'subject'>): string {
  const parameters = new URLSearchParams(asked.filter);
  const by = asked.type === 'new' ? String(asked.fields.what) : 'model';
  if (isBySubject(asked)) {
    parameters.delete(by);
    parameters.append(by, written(subject));
  }
  if (asked.type === 'unpriced') {
    parameters.set('minCost', '0');
    parameters.set('maxCost', '0');
  }
  return parameters.toString();
}

/** The address of those calls in the window of the alert, as far as it had run at an instant and frozen there. */
export function rowsQuery(alert: Pick<Alert, 'asked' | 'subject' | 'window'>, at: Instant): string {
  const { window } = alert;
  const to = window.to < at ? window.to : at;
  const parameters = new URLSearchParams(callsOfAlert(alert));
  parameters.set('from', isoFromInstant(window.from));
  parameters.set('to', isoFromInstant(to));
  parameters.set('asOf', isoFromInstant(to));
  if (whoseCostOf(alert.asked, alert.asked.budget ?? null) === 'repriced') parameters.set('cost', 'repriced');
  return parameters.toString();
}

const BEGINS: Partial<Record<EventKind, string>> = {
  rose: 'Now ',
  resolved: 'Over: ',
  ended: 'Over: ',
  late: 'Late: ',
  reminded: 'Still ',
};

/** A message about an alert, the fact first. */
function messageOf({ kind, rule, budget, alert, at, note }: Told, { format, appUrl }: Writing): Message {
  const measured = measuredOf(alert.asked);
  const say = (value: number) => valueText(value, measured, format);
  const subject = subjectText(alert.asked, alert.subject);
  const { at: level } = levelAt(alert.asked, alert.value, alert.levelValue);
  const usual = alert.usual === null ? '' : `, usually ${say(alert.usual)}`;
  const isWorst = alert.value === alert.worst;
  const when = `${isWorst ? '' : `, at worst ${say(alert.worst)}`} ${windowWords(alert.window, at, format)}`;
  const isOver = kind === 'resolved' || kind === 'ended';
  const fact = isOver
    ? `${subject}${rule.name}, after ${format.duration((alert.until ?? at) - alert.since)}`
    : `${subject}${say(alert.value)}${when}${usual}: ${rule.name}`;
  const leftOut = alert.unpriced && leftOutText(alert.unpriced, format);
  const link = (path: string) => new URL(path, appUrl).href;
  const rows = rowsQuery(alert, at);
  return {
    subject: `${BEGINS[kind] ?? ''}${fact}`,
    level: isOver ? 'resolved' : alert.level,
    facts: [
      ...(subject === '' ? [] : [{ label: 'Of', value: written(alert.subject) }]),
      ...(isOver ? [] : [{ label: 'Value', value: say(alert.value) }]),
      ...(isOver || !isWorst ? [{ label: 'At worst', value: say(alert.worst) }] : []),
      { label: 'Window', value: `${format.minute(alert.window.from)} to ${format.minute(alert.window.to)}` },
      ...(level === null ? [] : [{ label: 'Level', value: say(level) }]),
      ...(alert.usual === null ? [] : [{ label: 'Usually', value: say(alert.usual) }]),
      { label: 'Firing since', value: format.instant(earliest(alert.since, at)) },
      { label: 'Time zone', value: format.zone(at) },
    ],
    paragraphs: [
      ...(note ? [note] : []),
      ...(leftOut ? [leftOut] : []),
      `The rule “${rule.name}” tells when ${ruleSentence(rule, budget, format)}.`,
    ],
    links: [
      { label: 'The alert', url: link(`/alerts/${alert.id}`) },
      { label: 'Its calls', url: link(`/ai-usage/records?${rows}`) },
      { label: 'The overview of its window', url: link(`/ai-usage?${rows}`) },
    ],
    data: {
      event: kind,
      alert: alertJson(alert, rule, appUrl),
      rule: { id: rule.id, name: rule.name, type: rule.type },
    },
  };
}

/** What the owner of a rule is told where it cannot be evaluated any more. */
function failureMessage(rule: Rule, reason: string, at: Instant, { format, appUrl }: Writing): Message {
  const url = new URL(`/alerts/rules/${rule.id}`, appUrl).href;
  return {
    subject: `Not checked: ${rule.name}, since ${reason}`,
    level: 'error',
    facts: [
      { label: 'Why', value: reason },
      { label: 'Since', value: format.instant(at) },
      { label: 'Owner', value: rule.owner },
    ],
    paragraphs: [
      `The rule “${rule.name}” cannot be checked. It is tried again every few minutes, and what it has missed is made up for; ` +
        'this is said once.',
    ],
    links: [{ label: 'The rule', url }],
    data: { event: 'error', rule: { id: rule.id, name: rule.name, type: rule.type }, reason },
  };
}

/** How messages are written, in words. */
export type Words = {
  alert: (told: Told) => Message;
  failure: (rule: Rule, reason: string, at: Instant) => Message;
};

export const messageWords = (writing: Writing): Words => ({
  alert: (told) => messageOf(told, writing),
  failure: (rule, reason, at) => failureMessage(rule, reason, at, writing),
});
