import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { channelOfMaker } from '../../delivery/channels.ts';
import type { Message } from '../../delivery/message.ts';
import { enqueue } from '../../delivery/outbox.ts';
import { type Budget, readBudgets } from '../../stats/budgets/budgets.ts';
import { earliest, type Instant, postgresFromInstant } from '../../units/time.ts';
import type { Standing } from '../evaluation/step.ts';
import { ruleTypeOf } from '../rules/registry.ts';
import type { Level } from '../rules/rule-type.ts';
import { type EndedAlert, endAlerts, readAlert, readAlertOf, writeAlertLine } from '../store/alerts.ts';
import { writeReached } from '../store/reached-windows.ts';
import type { Rule } from '../store/rules.ts';
import { holdBack, readSnooze } from '../store/snooze.ts';
import { writeFailure, writeStandings } from '../store/standings.ts';
import { budgetOfRule, type Evaluated, filterTextOf, type SeenExtremes } from './evaluate.ts';
import type { PricedEvent } from './without-price.ts';
import type { Told, Words } from './wording.ts';

/** How messages are written, and whether somebody of an address is sent mail. */
export type Telling = { words: Words; mailsTo: (email: string) => boolean };

/** Rules whose evaluations are written down in one transaction. */
const IN_ONE = 50;

/** Writes down what evaluations found, and puts into the outbox what is to be told: each rule in whole or not at all. Returns how many. */
export async function writeEvaluated(
  backoffice: Knex,
  evaluated: Evaluated[],
  budgets: Budget[],
  at: Instant,
  telling: Telling,
): Promise<number> {
  let written = 0;
  for (let first = 0; first < evaluated.length; first += IN_ONE) {
    const some = evaluated.slice(first, first + IN_ONE);
    written += await backoffice.transaction((transaction) => writeSome(transaction, some, budgets, at, telling));
  }
  return written;
}

async function writeSome(
  transaction: Knex,
  evaluated: Evaluated[],
  budgets: Budget[],
  at: Instant,
  { words, mailsTo }: Telling,
): Promise<number> {
  const found = evaluated.filter((one) => one.ok);
  const mine = await writeStandings(transaction, found, at);
  for (const one of found) {
    const { rule } = one.due;
    if (!mine.has(rule.id)) continue;
    const late = one.events.filter(({ kind }) => kind === 'late');
    const worst = worstOf(late);
    for (const event of one.events) {
      const others = event === worst && late.length > 1 ? alsoLate(late.length - 1) : '';
      const note = event.kind === 'late' && event !== worst ? TOLD_WITH_ANOTHER : others;
      await writeEvent(transaction, rule, event, budgets, words, { at, note });
    }
    for (const [subject, standing] of one.standing.subjects) await renewAlert(transaction, rule, subject, standing);
    for (const extremes of one.extremes) await renewWorst(transaction, rule, extremes);
  }
  await writeReached(
    transaction,
    found.flatMap(({ due: { rule }, reached }) =>
      mine.has(rule.id) ? reached.map((one) => ({ ...one, ruleId: rule.id })) : [],
    ),
  );
  for (const one of evaluated) {
    if (one.ok || !(await writeFailure(transaction, one.due, one.reason, at))) continue;
    const { rule } = one.due;
    if ('budget' in rule.fields && budgetOfRule(rule, budgets) === null)
      await tellEnded(
        transaction,
        rule,
        await endAlerts(transaction, rule.id, at, BUDGET_DELETED),
        BUDGET_DELETED,
        at,
        words,
      );
    await tellFailure(transaction, rule, words.failure(rule, one.reason, at), mailsTo);
  }
  return mine.size;
}

/** Tells the channels of a rule and its owner that it cannot be evaluated, unless it is muted. */
async function tellFailure(
  transaction: Knex,
  rule: Rule,
  message: Message,
  mailsTo: Telling['mailsTo'],
): Promise<void> {
  if (rule.muted) return;
  const own = mailsTo(rule.owner) ? await channelOfMaker(transaction, rule.owner, rule.channels) : null;
  const channels = own === null ? rule.channels : [...rule.channels, own];
  await enqueue(transaction, { event: randomUUID(), thread: rule.id, channels, message });
}

const BUDGET_DELETED = 'Its budget was deleted.';
const TOLD_WITH_ANOTHER = 'Told in the message about another of its windows, which has gone further.';
const alsoLate = (windows: number) =>
  `So ${windows === 1 ? 'has one more' : `have ${windows} more`} by calls that came late: the page of the rule lists all of its alerts.`;

/** Many windows may have grown at once, and are told in one message: that of the one that has reached most, and is furthest above its level. */
function worstOf(late: PricedEvent[]): PricedEvent | undefined {
  const share = ({ observation: { value, limit } }: PricedEvent) => (limit ? (value ?? 0) / limit : (value ?? 0));
  return [...late].sort((a, b) => b.observation.reached - a.observation.reached || share(b) - share(a))[0];
}

/** The word of the highest of so many reached levels. */
function levelOf(rule: Rule, reached: number): Level {
  return ruleTypeOf(rule.type).levels(rule.fields)[Math.max(0, reached - 1)] ?? 'critical';
}

async function writeEvent(
  transaction: Knex,
  rule: Rule,
  { kind, at, since, observation, unpriced }: PricedEvent,
  budgets: Budget[],
  words: Words,
  { at: toldAt, note }: { at: Instant; note: string },
): Promise<void> {
  const isLate = kind === 'late';
  const { subject, value, reached, limit, usual, window } = observation;
  const key = { rule_id: rule.id, subject, since: postgresFromInstant(since), late: isLate };
  const seen = {
    value: value ?? 0,
    level: levelOf(rule, reached),
    level_value: limit,
    usual,
    unpriced: JSON.stringify(unpriced),
  };
  const id = randomUUID();
  if (kind === 'fired' || isLate) {
    // The next period is another matter; what goes to and fro is not.
    const isAnother = isLate || ruleTypeOf(rule.type).ends === 'with its window';
    const snoozed = isAnother ? null : await readSnooze(transaction, { ruleId: rule.id, subject }, at);
    const budget = budgetOfRule(rule, budgets);
    const asked = {
      ...{ type: rule.type, fields: rule.fields, filter: filterTextOf(rule, budget) },
      ...(budget === null ? {} : { budget }),
    };
    const made = await transaction('alerts')
      .insert({
        ...{ alert_id: id, ...key, ...seen, worst: value ?? 0, asked: JSON.stringify(asked) },
        ...{ window_from: postgresFromInstant(window.from), window_to: postgresFromInstant(window.to) },
        ...(isLate ? { state: 'resolved', until: postgresFromInstant(at) } : { state: 'firing' }),
        snoozed_until: snoozed && postgresFromInstant(snoozed),
      })
      .onConflict(['rule_id', 'subject', 'since', 'late', 'window_from'])
      .ignore()
      .returning('alert_id');
    // Another look at the same minute has told it.
    if (made.length === 0) return;
  } else if (kind === 'rose') {
    await transaction('alerts').where(key).update(seen);
    await renewWorst(transaction, rule, { subject, since, of: [{ value: seen.value, window }] });
  } else {
    // What it was about stays: how far it went, and in which window.
    await transaction('alerts')
      .where(key)
      .update({ state: 'resolved', until: postgresFromInstant(at) });
  }
  const alert = isLate
    ? await readAlert(transaction, id)
    : await readAlertOf(transaction, { ruleId: rule.id, subject, since });
  if (alert === null) return;
  const event = randomUUID();
  await writeAlertLine(transaction, {
    id: event,
    alertId: alert.id,
    // What the running minute shows is as of its end, and told before that.
    at: earliest(at, toldAt),
    kind,
    level: alert.level,
    value: value ?? alert.value,
    note: note === TOLD_WITH_ANOTHER ? note : '',
  });
  if (note === TOLD_WITH_ANOTHER || (kind === 'resolved' && !ruleTypeOf(rule.type).tellsEnd)) return;
  await tell(transaction, { kind, rule, alert, at: earliest(at, toldAt), note }, event, budgets, words);
}

/** Tells the channels of a rule, unless it is muted; of a snoozed alert when that is over. */
export async function tell(
  transaction: Knex,
  { kind, rule, alert, at, note }: Omit<Told, 'budget'>,
  event: string,
  budgets: Budget[],
  words: Words,
): Promise<void> {
  if (rule.muted) return;
  if (alert.snoozedUntil !== null && alert.snoozedUntil > at) return holdBack(transaction, alert.id, kind, event);
  const budget = budgetOfRule(rule, budgets);
  const message = words.alert({ kind, rule, budget, alert, at, ...(note === undefined ? {} : { note }) });
  await enqueue(transaction, { event, thread: alert.id, channels: rule.channels, message });
}

/** Tells of alerts that ended because their rule is no longer there, or another. */
export async function tellEnded(
  transaction: Knex,
  rule: Rule,
  ended: EndedAlert[],
  note: string,
  at: Instant,
  words: Words,
): Promise<void> {
  if (ended.length === 0 || !ruleTypeOf(rule.type).tellsEnd) return;
  const budgets = await readBudgets(transaction);
  for (const { alert, event } of ended)
    await tell(transaction, { kind: 'ended', rule, alert, at, note }, event, budgets, words);
}

/** How an open alert stands now. */
async function renewAlert(transaction: Knex, rule: Rule, subject: string, { alert, ...now }: Standing): Promise<void> {
  if (alert === null || now.value === null) return;
  const key = { rule_id: rule.id, subject, since: postgresFromInstant(alert.since), late: false };
  await transaction('alerts')
    .where(key)
    .update({
      state: now.state,
      level: levelOf(rule, Math.max(1, now.reached)),
      value: now.value,
    });
}

/** How far an alert has gone, and in which window. */
async function renewWorst(transaction: Knex, rule: Rule, { subject, since, of }: SeenExtremes): Promise<void> {
  for (const { value, window } of of)
    await transaction('alerts')
      .where({ rule_id: rule.id, subject, since: postgresFromInstant(since), late: false })
      .whereRaw('abs(:value - coalesce(usual, 0)) > abs(worst - coalesce(usual, 0))', { value })
      .update({
        ...{ worst: value, first_from: transaction.raw('coalesce(first_from, window_from)') },
        ...{ window_from: postgresFromInstant(window.from), window_to: postgresFromInstant(window.to) },
      });
}
