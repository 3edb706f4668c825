import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import { addTime, type Instant, MINUTE, postgresFromInstant } from '../../units/time.ts';
import { newStanding } from '../evaluation/rule-standing.ts';
import type { RuleTypeName } from '../rules/registry.ts';
import { startOfMinute } from '../rules/windows.ts';
import { type EndedAlert, endAlerts } from './alerts.ts';
import { forgetReachedOf } from './reached-windows.ts';
import { standingText } from './standing-text.ts';

/** What somebody asks a rule to be. `fields` are those of its type, as its schema has read them. */
export type RuleTerms = {
  name: string;
  type: RuleTypeName;
  /** The query string that says which calls, empty for all; of a rule about a budget empty, for the budget has one. */
  filter: string;
  fields: Record<string, unknown>;
  /** How many evaluations in a row it takes to fire. */
  evaluations: number;
  /** How often it is told again while it fires; null for never. */
  remindHours: number | null;
  channels: string[];
  muted: boolean;
};

export type Rule = RuleTerms & { id: string; owner: string; revision: number };

/** Of what somebody may change, and a change of its budget does not. */
export const changeableOf = ({ revision: _, ...rule }: Rule): Omit<Rule, 'revision'> => rule;

/** What a page lists, and what is evaluated in a minute. */
export const MOST_RULES = 500;

type RuleRow = {
  rule_id: string;
  name: string;
  type: RuleTypeName;
  filter: string;
  fields: Record<string, unknown>;
  evaluations: number;
  remind_hours: number | null;
  channels: string[];
  owner: string;
  muted: boolean;
  revision: number;
};

export const RULE_COLUMNS = [
  ...['rule_id', 'name', 'type', 'filter', 'fields', 'evaluations', 'remind_hours', 'channels', 'owner', 'muted'],
  'revision',
].map((column) => `alert_rules.${column}`);

export function ruleOf({ rule_id: id, remind_hours: remindHours, ...row }: RuleRow): Rule {
  const { name, type, filter, fields, evaluations, channels, owner, muted, revision } = row;
  return { id, name, type, filter, fields, evaluations, remindHours, channels, owner, muted, revision };
}

/** All that are not deleted, by name. */
export async function readRules(backoffice: Knex): Promise<Rule[]> {
  const rows: RuleRow[] = await backoffice('alert_rules')
    .whereNull('deleted_at')
    .orderByRaw('lower(name), rule_id')
    .limit(MOST_RULES)
    .select(RULE_COLUMNS);
  return rows.map(ruleOf);
}

/** Null where there is none; one that was deleted only `evenDeleted`. */
export async function readRule(
  backoffice: Knex,
  id: string,
  { evenDeleted }: { evenDeleted: boolean } = { evenDeleted: false },
): Promise<Rule | null> {
  const row: RuleRow | undefined = await backoffice('alert_rules')
    .where('rule_id', id)
    .modify((query) => {
      if (!evenDeleted) query.whereNull('deleted_at');
    })
    .first(RULE_COLUMNS);
  return row ? ruleOf(row) : null;
}

/** As readRule(); whoever changes or deletes it at the same time does so after this transaction. */
export async function holdRule(transaction: Knex, id: string): Promise<Rule | null> {
  await transaction('alert_rules').where('rule_id', id).forUpdate().first('rule_id');
  return readRule(transaction, id);
}

/** Those of some ids, deleted ones too. */
export async function readRulesOf(backoffice: Knex, ids: string[]): Promise<Map<string, Rule>> {
  const rows: RuleRow[] = await backoffice('alert_rules').whereIn('rule_id', ids).select(RULE_COLUMNS);
  return new Map(rows.map((row) => [row.rule_id, ruleOf(row)]));
}

const columnsOf = ({ remindHours, fields, ...terms }: RuleTerms) => ({
  ...terms,
  remind_hours: remindHours,
  fields: JSON.stringify(fields),
});

const untilAt = (at: Instant) => postgresFromInstant(addTime(startOfMinute(at), -MINUTE));

/** How a rule begins: evaluated up to the minute before the running one, so that the next evaluation is of this minute. */
function beginning(at: Instant, known: Iterable<string>) {
  return {
    ...{
      began_at: postgresFromInstant(at),
      evaluated_until: untilAt(at),
      standing: standingText(newStanding(at, known)),
    },
    ...{ state: 'no data', value: null, evaluated_at: null, took_ms: null, error: null, error_since: null, strip: '' },
  };
}

/** Null where there are as many as there may be. `known`: the values that are not new to it. */
export async function makeRule(
  transaction: Knex,
  terms: RuleTerms,
  owner: string,
  known: Iterable<string>,
  at: Instant,
): Promise<string | null> {
  // Whoever makes one at the same time counts after this one.
  await transaction.raw('LOCK TABLE alert_rules IN SHARE ROW EXCLUSIVE MODE');
  const count = await transaction('alert_rules').whereNull('deleted_at').count('* AS count').first();
  if (Number(count?.count) >= MOST_RULES) return null;
  const [made] = await transaction('alert_rules')
    .insert({ ...columnsOf(terms), owner })
    .returning<{ rule_id: string }[]>('rule_id');
  const id = made?.rule_id as string;
  await transaction('rule_standings').insert({ rule_id: id, revision: 1, ...beginning(at, known) });
  return id;
}

export const RULE_CHANGED = 'The rule was changed.';
export const RULE_DELETED = 'The rule was deleted.';
const BUDGET_CHANGED = 'Its budget was changed.';

/** Whether two rules are evaluated alike: their names and channels are nobody's business there. */
const isSame = (a: RuleTerms, b: RuleTerms) =>
  a.type === b.type &&
  a.filter === b.filter &&
  a.evaluations === b.evaluations &&
  isDeepStrictEqual(a.fields, b.fields);

/** A rule that is evaluated otherwise from now on begins anew; returns the alerts that so ended. */
export async function changeRule(
  transaction: Knex,
  rule: Rule,
  terms: RuleTerms,
  known: Iterable<string>,
  at: Instant,
): Promise<EndedAlert[]> {
  await transaction('alert_rules').where('rule_id', rule.id).update(columnsOf(terms));
  return isSame(rule, terms) ? [] : beginAnew(transaction, rule.id, known, at, RULE_CHANGED);
}

/** Its alerts end, and nothing is known of its subjects. */
async function beginAnew(
  transaction: Knex,
  id: string,
  known: Iterable<string>,
  at: Instant,
  why: string,
): Promise<EndedAlert[]> {
  const [row] = await transaction('alert_rules')
    .where('rule_id', id)
    .increment('revision', 1)
    .returning<{ revision: number }[]>('revision');
  await transaction('rule_standings')
    .where('rule_id', id)
    .update({
      ...{ revision: row?.revision, ...beginning(at, known) },
      // Of what was evaluated before, alerts may be there: none of the rule as it is now has the time of one of them.
      evaluated_until: transaction.raw('greatest(evaluated_until, ?::timestamptz)', [untilAt(at)]),
    });
  await forgetReachedOf(transaction, id);
  return endAlerts(transaction, id, at, why);
}

/** A rule that began anew, the alerts that so ended, and why. */
export type BegunAnew = { rule: Rule; ended: EndedAlert[]; why: string };

/** All rules about a budget begin anew, for that is another from now on. */
export async function beginAnewWithBudget(transaction: Knex, budget: string, at: Instant): Promise<BegunAnew[]> {
  const rules = (await readRules(transaction)).filter(({ fields }) => fields.budget === budget);
  const begun: BegunAnew[] = [];
  for (const rule of rules)
    begun.push({ rule, ended: await beginAnew(transaction, rule.id, [], at, BUDGET_CHANGED), why: BUDGET_CHANGED });
  return begun;
}

/** Whether there was one to mute: it was not deleted. */
export async function setMuted(transaction: Knex, id: string, muted: boolean): Promise<boolean> {
  return (await transaction('alert_rules').where('rule_id', id).whereNull('deleted_at').update({ muted })) > 0;
}

/** Returns the alerts that it ended. */
export async function deleteRule(transaction: Knex, id: string, at: Instant): Promise<EndedAlert[]> {
  await transaction('alert_rules').where('rule_id', id).update({ deleted_at: transaction.fn.now() });
  // An evaluation that is under way finds nothing to write to.
  await transaction('rule_standings').where('rule_id', id).delete();
  await forgetReachedOf(transaction, id);
  return endAlerts(transaction, id, at, RULE_DELETED);
}
