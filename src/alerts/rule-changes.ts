import type { Knex } from 'knex';
import { type Actor, auditedChange, auditedOnce } from '../db/audit-log.ts';
import { unknownChannels } from '../delivery/channels.ts';
import { createLimit } from '../export/limit.ts';
import { type Budget, readBudgets } from '../stats/budgets/budgets.ts';
import { BadInput, type ParameterProblem } from '../units/failures/bad-input.ts';
import { NotFound } from '../units/failures/not-found.ts';
import { checkStamp } from '../units/input/stamp.ts';
import type { Instant } from '../units/time.ts';
import { liveAnswers } from './evaluation/live-answers.ts';
import { knownBefore, type Rehearsal, rehearse } from './evaluation/rehearse.ts';
import { MOST_KNOWN } from './evaluation/replay.ts';
import { budgetOfRule, filterTextOf } from './round/evaluate.ts';
import { messageWords } from './round/wording.ts';
import { tellEnded } from './round/write.ts';
import { ruleTypeOf } from './rules/registry.ts';
import { parseRule } from './rules/terms.ts';
import type { Span } from './rules/windows.ts';
import { ruleSentence } from './rules/words.ts';
import type { AlertSources } from './sources.ts';
import { RULES_PATH } from './sources.ts';
import {
  beginAnewWithBudget,
  changeableOf,
  changeRule,
  deleteRule,
  holdRule,
  MOST_RULES,
  makeRule,
  RULE_CHANGED,
  RULE_DELETED,
  type Rule,
  type RuleTerms,
  setMuted,
} from './store/rules.ts';

/** What somebody asks a rule to be, with the budget that it is about. */
type AskedRule = { terms: RuleTerms; budget: Budget | null };

/**
 * Reads what somebody asks a rule to be, and looks up what it names. `owner` is whose it is, where a body may say so.
 * @throws BadInput with every field that is wrong and what it takes
 */
export async function readAskedRule(
  { databases, format }: AlertSources,
  body: unknown,
  at: Instant,
  owner: string | null = null,
): Promise<AskedRule> {
  const terms = parseRule(body, format, at);
  const [unknown, budgets] = await Promise.all([
    unknownChannels(databases.backoffice, terms.channels),
    'budget' in terms.fields ? readBudgets(databases.backoffice) : [],
  ]);
  const budget = budgetOfRule(terms, budgets);
  const problems: ParameterProblem[] = [];
  const { owner: given } = body as { owner?: string };
  if (owner !== null && given !== undefined && given !== owner)
    problems.push({ parameter: 'owner', message: `is ${owner}, who made it: leave it out` });
  if (unknown.length > 0)
    problems.push({ parameter: 'channels', message: `takes ids of channels: there is none of ${unknown.join(', ')}` });
  if ('budget' in terms.fields && budget === null)
    problems.push({ parameter: 'budget', message: 'takes the id of a budget: there is none of this one' });
  if (problems.length > 0) throw new BadInput(problems);
  return { terms, budget };
}

/** What is not new to a rule that is made now. */
async function knownNow({ reader }: AlertSources, { terms, budget }: AskedRule, at: Instant): Promise<string[]> {
  if (!ruleTypeOf(terms.type).once) return [];
  const known = await reader.together((state) =>
    knownBefore(liveAnswers(state, at)(filterTextOf(terms, budget), 'recorded'), terms.fields, at),
  );
  if (known.length > MOST_KNOWN)
    throw new BadInput([{ parameter: 'what', message: `knows ${known.length} names, too many to tell which are new` }]);
  return known;
}

const wordsFor = ({ format, sending }: Pick<AlertSources, 'format' | 'sending'>) =>
  messageWords({ format, appUrl: sending.appUrl });

const inWords = ({ terms, budget }: AskedRule, { format }: AlertSources) =>
  `${terms.name}: ${ruleSentence(terms, budget, format)}${terms.filter === '' ? '' : `, of ${terms.filter}`}`;

/** Returns its id. `isForm`: sent twice, it makes one. @throws BadInput where there are as many as there may be */
export async function makeAskedRule(
  sources: AlertSources,
  asked: AskedRule,
  actor: Actor,
  at: Instant,
  { isForm } = { isForm: false },
): Promise<string> {
  const known = await knownNow(sources, asked, at);
  const { backoffice } = sources.databases;
  const details = inWords(asked, sources);
  const make = async (transaction: Knex): Promise<string> => {
    const id = await makeRule(transaction, asked.terms, actor.email, known, at);
    if (id === null)
      throw new BadInput([{ parameter: 'name', message: `is one too many: there are ${MOST_RULES} rules already` }]);
    return id;
  };
  const pathOf = (id: string) => `${RULES_PATH}/${id}`;
  if (isForm) {
    const entry = { action: 'make rule', details } as const;
    const path = await auditedOnce(backoffice, actor, entry, async (transaction) => pathOf(await make(transaction)));
    return path.slice(pathOf('').length);
  }
  return auditedChange(backoffice, actor, 'make rule', async (transaction) => {
    const id = await make(transaction);
    return { value: id, subject: pathOf(id), details };
  });
}

const GONE = 'There is no such rule. It may have been deleted.';

/** @throws NotFound where it was deleted meanwhile */
async function held(transaction: Knex, { id }: Rule): Promise<Rule> {
  const rule = await holdRule(transaction, id);
  if (rule === null) throw new NotFound(GONE);
  return rule;
}

/** `was` is of the form that asks, where one does. @throws NotFound where it was deleted meanwhile; BadInput where it is no longer what that form says */
export async function changeToAskedRule(
  sources: AlertSources,
  before: Rule,
  asked: AskedRule,
  actor: Actor,
  at: Instant,
  was?: unknown,
): Promise<void> {
  const known = await knownNow(sources, asked, at);
  await auditedChange(sources.databases.backoffice, actor, 'change rule', async (transaction) => {
    const rule = await held(transaction, before);
    checkStamp(was, changeableOf(rule));
    const ended = await changeRule(transaction, rule, asked.terms, known, at);
    await tellEnded(transaction, rule, ended, RULE_CHANGED, at, wordsFor(sources));
    return { value: undefined, subject: `${RULES_PATH}/${rule.id}`, details: inWords(asked, sources) };
  });
}

/**
 * Rules about a budget begin anew when that comes to something else (its calls, its period, its amount of days until today), so
 * that nothing is told of it that was measured against another: who was told that one fires is told why that ends. Returns how many.
 */
export async function beginAnewAfterBudget(
  sources: Pick<AlertSources, 'format' | 'sending'>,
  transaction: Knex,
  budget: string,
  at: Instant,
): Promise<number> {
  const begun = await beginAnewWithBudget(transaction, budget, at);
  for (const { rule, ended, why } of begun) await tellEnded(transaction, rule, ended, why, at, wordsFor(sources));
  return begun.length;
}

/** Whether anybody is told of what a rule finds; it is evaluated all the same. */
export function muteRule({ databases }: AlertSources, rule: Rule, muted: boolean, actor: Actor): Promise<void> {
  return auditedChange(databases.backoffice, actor, 'change rule', async (transaction) => {
    if (!(await setMuted(transaction, rule.id, muted))) throw new NotFound(GONE);
    return {
      value: undefined,
      subject: `${RULES_PATH}/${rule.id}`,
      details: `${rule.name}: ${muted ? 'muted' : 'no longer muted'}`,
    };
  });
}

/** @throws NotFound where it was deleted meanwhile */
export function removeRule(sources: AlertSources, before: Rule, actor: Actor, at: Instant): Promise<void> {
  return auditedChange(sources.databases.backoffice, actor, 'delete rule', async (transaction) => {
    const rule = await held(transaction, before);
    const ended = await deleteRule(transaction, rule.id, at);
    await tellEnded(transaction, rule, ended, RULE_DELETED, at, wordsFor(sources));
    return { value: undefined, subject: `${RULES_PATH}/${rule.id}`, details: rule.name };
  });
}

/** Each reads ninety days by the minute, on one of the two connections that are there for what takes long. */
const rehearsing = createLimit({ each: 1, all: 2 });

/**
 * What a rule would have told over the last ninety days; null where somebody (`person`) has a rehearsal under way, or all have as
 * many as there may be. `leftOut`: windows from which it does not learn.
 */
export async function rehearseAsked(
  { reader, databases, format }: AlertSources,
  { terms, budget }: AskedRule,
  leftOut: readonly Span[],
  person: string,
  at: Instant,
): Promise<Rehearsal | null> {
  const done = rehearsing(person);
  if (typeof done !== 'function') return null;
  const { type, fields, evaluations } = terms;
  const rule = { type, fields, evaluations, filter: filterTextOf(terms, budget), budget, leftOut };
  try {
    return await rehearse(reader, databases.recomputing, rule, at, format.timeZone);
  } finally {
    done();
  }
}
