import type { Knex } from 'knex';
import type { Databases } from '../../db/connect.ts';
import { queryOfFilter } from '../../query/filter-text.ts';
import { type Budget, readBudgets } from '../../stats/budgets/budgets.ts';
import type { OneState, UsageReader } from '../../stats/reader.ts';
import { RollupsChanged } from '../../stats/rollups/coverage.ts';
import { reasonOf } from '../../units/failures/reason.ts';
import { isUnavailable } from '../../units/failures/unavailable.ts';
import { NoNumber } from '../../units/money.ts';
import { addTime, DAY_OF_24_HOURS, type Instant, latest, MINUTE } from '../../units/time.ts';
import { liveAnswers } from '../evaluation/live-answers.ts';
import { recordedAnswers } from '../evaluation/recorded-answers.ts';
import { type Circumstances, type EvaluatedRule, lateEvents, type RuleStanding, replay } from '../evaluation/replay.ts';
import type { AlertEvent } from '../evaluation/step.ts';
import { letterOf, MINUTES_OF_STRIP } from '../evaluation/strip.ts';
import { ruleTypeOf } from '../rules/registry.ts';
import { followingWindows, startOfMinute } from '../rules/windows.ts';
import { readLeftOut } from '../store/alerts.ts';
import type { Rule } from '../store/rules.ts';
import { type DueRule, readDueRules } from '../store/standings.ts';

/** What an evaluation of a rule found, to be written down where nobody else has evaluated it meanwhile. */
export type Evaluated = {
  due: DueRule;
  tookMs: number;
} & (
  | { ok: true; until: Instant; standing: RuleStanding; events: AlertEvent[]; letters: string }
  | { ok: false; reason: string }
);

/** Missed minutes up to so many are asked of the engine one by one; more are read at once. */
const FEW_MINUTES = 5n;
/** Whether a rule has not been evaluated for more than a few minutes. */
export const hasMissed = (until: Instant, minute: Instant) => minute - until > FEW_MINUTES * MINUTE;
/** There are two connections for what takes long. */
const MISSED_AT_ONCE = 2;
/** What was missed longer ago is over. */
const LONGEST_MISSED = 90n * DAY_OF_24_HOURS;
/** A pool has eight connections for everybody. */
const AT_ONCE = 6;

type Round = {
  databases: Databases;
  reader: UsageReader;
  timeZone: string;
  /** Whether windows that are over are looked at again, for calls that came late. */
  looksBack: boolean;
};

/** A rule as its evaluation sees it. */
const evaluatedRule = ({
  type,
  fields,
  evaluations,
}: Pick<Rule, 'type' | 'fields' | 'evaluations'>): EvaluatedRule => ({
  type: ruleTypeOf(type),
  fields,
  evaluations,
});

/** The budget that a rule is about; null where it is about none, or where that has been deleted. */
export const budgetOfRule = ({ fields }: Pick<Rule, 'fields'>, budgets: Budget[]): Budget | null =>
  budgets.find(({ id }) => id === fields.budget) ?? null;

/** The filters of its calls: of a rule about a budget, the budget's. */
export const filterTextOf = (rule: Pick<Rule, 'filter'>, budget: Budget | null): string =>
  budget?.filter ?? rule.filter;

/**
 * Evaluates what is due as of the minutes up to `at`, and the running minute where that already shows something; writes nothing
 * down.
 * @throws what means that a database does not answer: nothing is lost, the next round goes on from where this one did
 */
export async function evaluateDue(
  { databases, reader, timeZone, looksBack }: Round,
  at: Instant,
): Promise<Evaluated[]> {
  const minute = startOfMinute(at);
  const all = await readDueRules(databases.backoffice, addTime(minute, MINUTE), at);
  // What was missed is made up for a few rules at a time, so that what is found is written down.
  const missed = all.filter(({ until }) => hasMissed(until, minute));
  const due = missed.length > 0 ? missed.slice(0, MISSED_AT_ONCE) : all;
  if (due.length === 0) return [];
  const ids = due.map(({ rule }) => rule.id);
  const [budgets, leftOut] = await Promise.all([
    readBudgets(databases.backoffice),
    readLeftOut(databases.backoffice, ids, at),
  ]);
  const window = followingWindows(timeZone);
  return reader.together(async (state) => {
    const answersOf = liveAnswers(state, at);
    const evaluate = async (one: DueRule): Promise<Evaluated> => {
      const began = performance.now();
      const budget = budgetOfRule(one.rule, budgets);
      const about = {
        ...{ timeZone, window, budget },
        leftOut: leftOut.get(one.rule.id) ?? [],
        ask: answersOf(filterTextOf(one.rule, budget)),
      };
      try {
        const found = await evaluateOne(one, minute, about, {
          state,
          looksBack,
          workflows: databases.recomputing,
          at,
        });
        return { due: one, tookMs: performance.now() - began, ok: true, ...found };
      } catch (error) {
        if (isOfEverybody(error)) throw error;
        return { due: one, tookMs: performance.now() - began, ok: false, reason: reasonOf(error) };
      }
    };
    const evaluated: Evaluated[] = [];
    for (let first = 0; first < due.length; first += AT_ONCE) {
      evaluated.push(...(await Promise.all(due.slice(first, first + AT_ONCE).map(evaluate))));
    }
    return evaluated;
  });
}

/** Out of time, of memory, of room for temporary files. */
const OF_ONE_QUERY = ['57014', '53200', '53400'];

/** What no single rule is to blame for; one that takes longer than there is time is. */
const isOfEverybody = (error: unknown) =>
  error instanceof RollupsChanged ||
  error instanceof NoNumber ||
  (isUnavailable(error) && !OF_ONE_QUERY.includes(String((error as { code?: unknown }).code)));

async function evaluateOne(
  { rule, standing, until, letters: before }: DueRule,
  minute: Instant,
  about: Circumstances,
  { state, looksBack, workflows, at }: { state: OneState; looksBack: boolean; workflows: Knex; at: Instant },
) {
  const evaluated = evaluatedRule(rule);
  const from = latest(until, addTime(minute, -LONGEST_MISSED));
  const circumstances = hasMissed(from, minute)
    ? { ...about, ...(await answersOfMissed(rule, about, { state, workflows, from, minute, at })) }
    : about;
  const letters = lettersOf(from, before.slice(-1));
  const past = await replay(evaluated, standing, { from, to: minute }, circumstances, letters.see);
  let result = { until: latest(minute, until), standing: past.standing, events: past.events };
  if (looksBack) {
    const late = await lateEvents(evaluated, result.standing, minute, about);
    result = { ...result, standing: late.standing, events: [...result.events, ...late.events] };
  }
  if (evaluated.type.every === 'minute' && evaluated.type.ends !== 'when calm') {
    // What the running minute already shows is told now: all that it still brings is counted in the next.
    const end = addTime(minute, MINUTE);
    const running =
      until >= end ? null : await replay(evaluated, result.standing, { from: minute, to: end }, about, letters.see);
    if (running?.events.some(({ kind }) => kind === 'fired' || kind === 'rose')) {
      result = { until: end, standing: running.standing, events: [...result.events, ...running.events] };
    }
  }
  return { ...result, letters: letters.upTo(result.until) };
}

async function answersOfMissed(
  rule: Rule,
  about: Circumstances,
  {
    state,
    workflows,
    from,
    minute,
    at,
  }: { state: OneState; workflows: Knex; from: Instant; minute: Instant; at: Instant },
) {
  const { timeZone, budget } = about;
  const type = ruleTypeOf(rule.type);
  const filter = await state.filterOf(queryOfFilter(filterTextOf(rule, budget), { timeZone }, at));
  const back = type.looksBack(rule.fields, from, about);
  const span = { from: addTime(from, -back), begin: from, to: minute };
  return recordedAnswers({ ...state.source, workflows }, filter, span, evaluatedRule(rule));
}

/** A letter for each minute of an evaluation: that of how the rule stood at its end. */
function lettersOf(from: Instant, before: string) {
  const seen: [Instant, string][] = [];
  return {
    see: (at: Instant, standing: RuleStanding) => seen.push([at, letterOf(standing)]),
    upTo: (until: Instant): string => {
      let letters = '';
      let next = 0;
      let last = before || ' ';
      for (let at = addTime(from, MINUTE); at <= until; at = addTime(at, MINUTE)) {
        for (; next < seen.length && (seen[next] as [Instant, string])[0] <= at; next++)
          last = (seen[next] as [Instant, string])[1];
        letters += last;
      }
      return letters.slice(-MINUTES_OF_STRIP);
    },
  };
}
