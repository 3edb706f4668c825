import type { Knex } from 'knex';
import type { Databases } from '../../db/connect.ts';
import { queryOfFilter } from '../../query/filter-text.ts';
import { type Budget, readBudgets } from '../../stats/budgets/budgets.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { OneState } from '../../stats/source.ts';
import { reasonOf } from '../../units/failures/reason.ts';
import { addTime, DAY_OF_24_HOURS, type Instant, latest, MINUTE } from '../../units/time.ts';
import { type Extremes, gatherExtremes } from '../evaluation/extremes.ts';
import type { FoundLate, ReachedWindow } from '../evaluation/late.ts';
import { liveAnswers } from '../evaluation/live-answers.ts';
import { recordedAnswers } from '../evaluation/recorded-answers.ts';
import { type Circumstances, type EvaluatedRule, replay } from '../evaluation/replay.ts';
import type { RuleStanding } from '../evaluation/rule-standing.ts';
import { letterOf, MINUTES_OF_STRIP } from '../evaluation/strip.ts';
import { ruleTypeOf, whoseCostOf } from '../rules/registry.ts';
import { followingWindows, type Span, startOfMinute } from '../rules/windows.ts';
import { readLeftOut } from '../store/alerts.ts';
import type { Rule } from '../store/rules.ts';
import { type DueRule, readDueRules } from '../store/standings.ts';
import { lookBack, readFoundLate } from './look-back.ts';
import { isOfEverybody } from './of-everybody.ts';
import { type PricedEvent, withUnpriced } from './without-price.ts';

/** The same with the windows of both. */
export type SeenExtremes = Pick<Extremes, 'subject' | 'since'> & { of: { value: number; window: Span }[] };

/** What an evaluation of a rule found, to be written down where nobody else has evaluated it meanwhile. */
export type Evaluated = {
  due: DueRule;
  tookMs: number;
} & (
  | {
      ok: true;
      until: Instant;
      standing: RuleStanding;
      events: PricedEvent[];
      /** Between which values its alerts went. */
      extremes: SeenExtremes[];
      /** Windows that have reached more levels than was known. */
      reached: ReachedWindow[];
      letters: string;
    }
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

type RoundSources = {
  databases: Databases;
  reader: UsageReader;
  timeZone: string;
  /** Whether the window before the running one is looked at again, for calls that came before rollups covered it. */
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
  { databases, reader, timeZone, looksBack }: RoundSources,
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
    const found = await readFoundLate(
      state.source,
      due.map(({ standing }) => standing),
    );
    const evaluate = async (one: DueRule): Promise<Evaluated> => {
      const began = performance.now();
      const budget = budgetOfRule(one.rule, budgets);
      const about = {
        ...{ timeZone, window, budget },
        leftOut: leftOut.get(one.rule.id) ?? [],
        ask: answersOf(filterTextOf(one.rule, budget), whoseCostOf(one.rule, budget)),
      };
      try {
        const result = await evaluateOne(one, minute, about, {
          ...{ state, found, looksBack, at },
          workflows: databases.recomputing,
        });
        return { due: one, tookMs: performance.now() - began, ok: true, ...result };
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

async function evaluateOne(
  { rule, standing, until, letters: before }: DueRule,
  minute: Instant,
  about: Circumstances,
  {
    state,
    found,
    looksBack,
    workflows,
    at,
  }: { state: OneState; found: FoundLate | null; looksBack: boolean; workflows: Knex; at: Instant },
) {
  const evaluated = evaluatedRule(rule);
  const from = latest(until, addTime(minute, -LONGEST_MISSED));
  const circumstances = hasMissed(from, minute)
    ? { ...about, ...(await answersOfMissed(rule, about, { state, workflows, from, minute, at })) }
    : about;
  const letters = lettersOf(from, before.slice(-1));
  const reached = reachedIn(evaluated, standing, about);
  const extremes = gatherExtremes();
  const past = await replay(evaluated, standing, { from, to: minute }, circumstances, (one, stands) => {
    letters.see(one, stands);
    reached.see(stands);
    extremes.see(stands);
  });
  const late = await lookBack({ ...evaluated, id: rule.id }, past.standing, minute, about, {
    ...{ backoffice: state.source.backoffice, found, looksBack, reached: reached.windows() },
  });
  let result = {
    until: latest(minute, until),
    standing: late.standing,
    events: [...past.events, ...late.events],
    reached: [...reached.windows(), ...late.reached],
  };
  if (evaluated.type.every === 'minute' && evaluated.type.ends !== 'when calm') {
    // What the running minute already shows is told now: all that it still brings is counted in the next.
    const end = addTime(minute, MINUTE);
    const soon = reachedIn(evaluated, result.standing, about);
    const see = (one: Instant, stands: RuleStanding) => {
      letters.see(one, stands);
      soon.see(stands);
    };
    const running =
      until >= end ? null : await replay(evaluated, result.standing, { from: minute, to: end }, about, see);
    if (running?.events.some(({ kind }) => kind === 'fired' || kind === 'rose')) {
      result = {
        until: end,
        standing: running.standing,
        events: [...result.events, ...running.events],
        reached: [...result.reached, ...soon.windows()],
      };
      extremes.see(running.standing);
    }
  }
  const asked = { type: rule.type, fields: rule.fields, filter: filterTextOf(rule, about.budget) };
  const events = await withUnpriced(state, asked, about.budget, result.events);
  return {
    ...{ ...result, events, letters: letters.upTo(result.until) },
    extremes: withWindows(extremes.all(), evaluated, about),
  };
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
  const list = whoseCostOf(rule, budget) === 'repriced' ? await state.prices() : null;
  return recordedAnswers({ ...state.source, workflows }, filter, span, evaluatedRule(rule), list);
}

function withWindows(extremes: Extremes[], { type, fields }: EvaluatedRule, about: Circumstances): SeenExtremes[] {
  const windowFrom = (from: Instant) => about.window(type.size(fields, about), addTime(from, 1n), about.timeZone);
  return extremes.map(({ subject, since, least, most }) => ({
    ...{ subject, since },
    of: [most, least].map(({ value, window }) => ({ value, window: windowFrom(window) })),
  }));
}

/** The windows in which an evaluation sees more levels reached than before it. */
function reachedIn({ type, fields }: EvaluatedRule, before: RuleStanding, about: Circumstances) {
  const found = new Map<string, ReachedWindow>();
  return {
    see: ({ subjects }: RuleStanding) => {
      if (type.neverLate !== undefined) return;
      for (const [subject, { window, reached }] of subjects) {
        const known = before.subjects.get(subject);
        const most = known?.window === window ? known.mostInWindow : 0;
        const key = `${subject}\0${window}`;
        if (reached <= Math.max(most, found.get(key)?.reached ?? 0)) continue;
        const size = type.size(fields, about);
        found.set(key, { subject, window: about.window(size, addTime(window, 1n), about.timeZone), reached });
      }
    },
    windows: () => [...found.values()],
  };
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
