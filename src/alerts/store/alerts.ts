import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Budget } from '../../stats/budgets/budgets.ts';
import type { Unpriced } from '../../stats/pricing/repriced.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  timeFromPostgres,
} from '../../units/time.ts';
import type { RuleTypeName } from '../rules/registry.ts';
import type { Level } from '../rules/rule-type.ts';
import type { Span } from '../rules/windows.ts';

const ALERT_STATES = ['firing', 'recovering', 'resolved'] as const;
type AlertState = (typeof ALERT_STATES)[number];

export const FEEDBACK = ['real', 'planned', 'noise'] as const;
type Feedback = (typeof FEEDBACK)[number];

/** What a rule asked for when it fired; `filter` is that of its calls: of a rule about a budget, the budget's, which stays as it was. */
type Asked = {
  type: RuleTypeName;
  fields: Record<string, unknown>;
  filter: string;
  budget?: Budget;
};

/** What a rule has found. Values are of the unit that its rule measured in. */
export type Alert = {
  id: string;
  ruleId: string;
  asked: Asked;
  /** A model, action or provider, or empty. */
  subject: string;
  since: Instant;
  late: boolean;
  state: AlertState;
  level: Level;
  /** The newest, and the furthest from what is usual. */
  value: number;
  worst: number;
  /** The level that it reached, and what is usual, where its rule knows. */
  levelValue: number | null;
  usual: number | null;
  /** The calls that its value leaves out, for no price is for them; null where recorded costs count, or none do. */
  unpriced: Unpriced | null;
  /** Of `worst`. */
  window: Span;
  until: Instant | null;
  acknowledged: { at: Instant; by: string } | null;
  snoozedUntil: Instant | null;
  feedback: Feedback | null;
};

type AlertRow = {
  alert_id: string;
  rule_id: string;
  asked: Asked;
  subject: string;
  since: string;
  late: boolean;
  state: AlertState;
  level: Level;
  value: number;
  worst: number;
  level_value: number | null;
  usual: number | null;
  unpriced: Unpriced | null;
  window_from: string;
  window_to: string;
  until: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  snoozed_until: string | null;
  feedback: Feedback | null;
};

const orNull = (text: string | null): Instant | null => (text === null ? null : instantFromPostgres(text));

const alertOf = (row: AlertRow): Alert => ({
  ...{
    id: row.alert_id,
    ruleId: row.rule_id,
    asked: row.asked,
    subject: row.subject,
    late: row.late,
    state: row.state,
  },
  ...{ level: row.level, value: row.value, worst: row.worst, levelValue: row.level_value, usual: row.usual },
  unpriced: row.unpriced,
  since: instantFromPostgres(row.since),
  until: orNull(row.until),
  window: { from: instantFromPostgres(row.window_from), to: instantFromPostgres(row.window_to) },
  acknowledged:
    row.acknowledged_at === null
      ? null
      : { at: instantFromPostgres(row.acknowledged_at), by: row.acknowledged_by ?? '' },
  snoozedUntil: orNull(row.snoozed_until),
  feedback: row.feedback,
});

/** Some alerts, and how many more there are. */
export type SomeAlerts = { alerts: Alert[]; more: number };

async function someOf(asked: Knex.QueryBuilder, order: string, most: number): Promise<SomeAlerts> {
  const rows: AlertRow[] = await asked
    .clone()
    .orderByRaw(order)
    .limit(most + 1)
    .select();
  const count = rows.length > most ? await asked.clone().count('* AS alerts').first() : null;
  const alerts = rows.slice(0, most).map(alertOf);
  return { alerts, more: count ? Number(count.alerts) - most : 0 };
}

/** The first of those that have not ended, of one rule or of all, worst and newest first. */
export function readOpenAlerts(
  backoffice: Knex,
  { ruleId = null, most }: { ruleId?: string | null; most: number },
): Promise<SomeAlerts> {
  const open = backoffice('alerts').whereNot('state', 'resolved');
  return someOf(ruleId === null ? open : open.where('rule_id', ruleId), 'level, since DESC, alert_id', most);
}

/** The first of those that have ended, of one rule or of all, the newest first; or of those that follow one in that order. */
export function readEndedAlerts(
  backoffice: Knex,
  { ruleId = null, after = null, most }: { ruleId?: string | null; after?: Alert | null; most: number },
): Promise<SomeAlerts> {
  const ended = backoffice('alerts').where('state', 'resolved');
  if (ruleId !== null) ended.where('rule_id', ruleId);
  if (after !== null) {
    const since = postgresFromInstant(after.since);
    ended.whereRaw('(since < :since OR (since = :since AND alert_id > :id))', { since, id: after.id });
  }
  return someOf(ended, 'since DESC, alert_id', most);
}

/** Null where there is none. */
export async function readAlert(backoffice: Knex, id: string): Promise<Alert | null> {
  const row: AlertRow | undefined = await backoffice('alerts').where('alert_id', id).first();
  return row ? alertOf(row) : null;
}

/** The same by what it is about; of those that fired late there may be several. */
export async function readAlertOf(
  transaction: Knex,
  { ruleId, subject, since }: Pick<Alert, 'ruleId' | 'subject' | 'since'>,
): Promise<Alert | null> {
  const key = { rule_id: ruleId, subject, since: postgresFromInstant(since), late: false };
  const row: AlertRow | undefined = await transaction('alerts').where(key).first();
  return row ? alertOf(row) : null;
}

/** What happened to an alert, or what somebody did about it. */
export type EventKind =
  | 'fired'
  | 'rose'
  | 'resolved'
  | 'late'
  | 'reminded'
  | 'acknowledged'
  | 'snoozed'
  | 'feedback'
  | 'muted'
  | 'ended';

export type AlertLine = {
  id: string;
  at: Instant;
  kind: EventKind;
  level: Level | null;
  value: number | null;
  /** Who did it; null for the program. */
  email: string | null;
  note: string;
};

type LineRow = {
  event_id: string;
  at: string;
  kind: EventKind;
  level: Level | null;
  value: number | null;
  email: string | null;
  note: string;
};

const lineOf = ({ event_id, at, kind, level, value, email, note }: LineRow): AlertLine => ({
  ...{ id: event_id, at: instantFromPostgres(at), kind, level, value, email, note },
});

/** What an answer or a page has of a history. */
export const MOST_LINES = 1_000;

/** The newest lines of the history of an alert, or the newest of those before one of them, oldest first; and how many are older. */
export async function readAlertLines(
  backoffice: Knex,
  alertId: string,
  before: string | null = null,
): Promise<{ lines: AlertLine[]; older: number }> {
  const asked = backoffice('alert_events').where('alert_id', alertId);
  if (before !== null)
    asked.whereRaw('(at, event_id) < (SELECT at, event_id FROM alert_events WHERE event_id = ?)', [before]);
  const rows: LineRow[] = await asked
    .clone()
    .orderByRaw('at DESC, event_id DESC')
    .limit(MOST_LINES + 1)
    .select();
  const count = rows.length > MOST_LINES ? await asked.clone().count('* AS lines').first() : null;
  const lines = rows.slice(0, MOST_LINES).reverse().map(lineOf);
  return { lines, older: count ? Number(count.lines) - MOST_LINES : 0 };
}

/** The last lines that say what an alert was told with, oldest first. */
export async function readToldLines(backoffice: Knex, alertId: string, most: number): Promise<AlertLine[]> {
  const rows: LineRow[] = await backoffice('alert_events')
    .where('alert_id', alertId)
    .whereIn('kind', ['fired', 'rose', 'late'])
    .orderByRaw('at DESC, event_id DESC')
    .limit(most)
    .select();
  return rows.reverse().map(lineOf);
}

type Written = { alertId: string; at: Instant; kind: EventKind } & Partial<
  Pick<AlertLine, 'id' | 'level' | 'value' | 'email' | 'note'>
>;

export async function writeAlertLine(transaction: Knex, { id, alertId, at, ...line }: Written): Promise<void> {
  await transaction('alert_events').insert({
    ...{ event_id: id ?? randomUUID(), alert_id: alertId, at: postgresFromInstant(at) },
    ...line,
  });
}

/** An alert that was ended, and the id of the line that says so. */
export type EndedAlert = { alert: Alert; event: string };

/** Ends what a rule has open, for it is no longer there, or another. Returns those alerts. */
export async function endAlerts(transaction: Knex, ruleId: string, at: Instant, note: string): Promise<EndedAlert[]> {
  const rows: AlertRow[] = await transaction('alerts')
    .where('rule_id', ruleId)
    .whereNot('state', 'resolved')
    .update({ state: 'resolved', until: postgresFromInstant(at) })
    .returning('*');
  const ended = rows.map((row) => ({ alert: alertOf(row), event: randomUUID() }));
  for (const { alert, event } of ended)
    await writeAlertLine(transaction, { id: event, alertId: alert.id, at, kind: 'ended', note });
  return ended;
}

/** Who has taken notice of an alert, until when nobody is told of it, and what somebody called it: what is given of these. */
export type NewAnswers = Partial<Pick<Alert, 'acknowledged' | 'snoozedUntil' | 'feedback'>>;

export async function writeAnswers(transaction: Knex, id: string, answers: NewAnswers): Promise<void> {
  const { acknowledged, snoozedUntil, feedback } = answers;
  const at = (instant: Instant | null | undefined) => (instant ? postgresFromInstant(instant) : null);
  await transaction('alerts')
    .where('alert_id', id)
    .update({
      ...(acknowledged === undefined
        ? {}
        : { acknowledged_at: at(acknowledged?.at), acknowledged_by: acknowledged?.by ?? null }),
      ...(snoozedUntil === undefined ? {} : { snoozed_until: at(snoozedUntil) }),
      ...(feedback === undefined ? {} : { feedback }),
    });
}

/** As long as a rule learns from. */
const LEARNED_FROM = 60n * DAY_OF_24_HOURS;

/** When alerts went on that somebody has called noise or planned, of the last sixty days: nothing to learn from. */
export async function readLeftOut(backoffice: Knex, ruleIds: string[], at: Instant): Promise<Map<string, Span[]>> {
  const rows: { rule_id: string; window_from: string; to: string }[] = await backoffice('alerts')
    .whereIn('rule_id', ruleIds)
    .whereIn('feedback', ['planned', 'noise'])
    .where('window_from', '>=', postgresFromInstant(addTime(at, -LEARNED_FROM)))
    .select('rule_id', backoffice.raw('coalesce(first_from, window_from) AS window_from'))
    .select(backoffice.raw(`coalesce(until, 'infinity') AS to`));
  const leftOut = new Map<string, Span[]>();
  for (const { rule_id, window_from, to } of rows) {
    const own = leftOut.get(rule_id) ?? [];
    own.push({ from: instantFromPostgres(window_from), to: timeFromPostgres(to) });
    leftOut.set(rule_id, own);
  }
  return leftOut;
}
