import type { Knex } from 'knex';
import { queryOfFilter } from '../../query/filter-text.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Day } from '../../units/calendar.ts';
import { addDays, addTime, BEGIN_OF_TIME, dayOf, type Instant, startOfDay } from '../../units/time.ts';
import { SUBJECT_KEYS } from '../rules/questions.ts';
import { type RuleTypeName, ruleTypeOf, whoseCostOf } from '../rules/registry.ts';
import type { Level } from '../rules/rule-type.ts';
import { followingWindows, type Span, startOfMinute } from '../rules/windows.ts';
import { furthest, gatherExtremes } from './extremes.ts';
import { liveAnswers } from './live-answers.ts';
import { recordedAnswers } from './recorded-answers.ts';
import { replay } from './replay.ts';
import { newStanding, type RuleStanding } from './rule-standing.ts';
import type { AlertEvent } from './step.ts';

/** A rule as it is rehearsed: nothing but what its evaluation sees. */
export type RehearsedRule = {
  type: RuleTypeName;
  fields: Record<string, unknown>;
  evaluations: number;
  /** The filters of its calls. */
  filter: string;
  budget: Budget | null;
  leftOut: readonly Span[];
};

/** An alert that there would have been; `to` is null where it would not be over. */
type RehearsedAlert = {
  subject: string;
  from: Instant;
  to: Instant | null;
  level: Level;
  /** What it was last told with, and the furthest that it went from what is usual. */
  value: number;
  worst: number;
  limit: number | null;
  usual: number | null;
  window: Span;
};

export type Rehearsal = {
  window: Span;
  alerts: RehearsedAlert[];
  events: AlertEvent[];
  standing: RuleStanding;
  /** By business day, its highest value and whether it fired: what is drawn. */
  days: { day: Day; value: number | null; fired: boolean }[];
};

const REHEARSED_DAYS = 90;

/** What a rule would have told over the last ninety days, as it is evaluated live: minute by minute, on the records of today. */
export async function rehearse(
  reader: UsageReader,
  workflows: Knex,
  rule: RehearsedRule,
  at: Instant,
  timeZone: string,
): Promise<Rehearsal> {
  const to = startOfMinute(at);
  const from = startOfDay(addDays(dayOf(to, timeZone), -REHEARSED_DAYS), timeZone);
  return reader.together(async (state) => {
    const type = ruleTypeOf(rule.type);
    const cost = whoseCostOf(rule, rule.budget);
    const evaluated = { type, fields: rule.fields, evaluations: rule.evaluations };
    const window = followingWindows(timeZone);
    const filter = await state.filterOf(queryOfFilter(rule.filter, { timeZone }, at));
    const begin = addTime(from, -type.looksBack(rule.fields, from, { timeZone, budget: rule.budget }));
    const answers = await recordedAnswers(
      { ...state.source, workflows },
      filter,
      { from: begin, begin: from, to },
      evaluated,
      cost === 'repriced' ? await state.prices() : null,
    );
    const known = type.once ? await knownBefore(liveAnswers(state, at)(rule.filter, cost), rule.fields, from) : [];
    const days = new Map<Instant, { value: number | null; fired: boolean }>();
    const extremes = gatherExtremes();
    const see = (instant: Instant, standing: RuleStanding) => {
      extremes.see(standing);
      const day = window('day', instant, timeZone).from;
      const before = days.get(day) ?? { value: null, fired: false };
      for (const { value, state: one } of standing.subjects.values()) {
        if (value !== null && (before.value === null || value > before.value)) before.value = value;
        if (one === 'firing') before.fired = true;
      }
      days.set(day, before);
    };
    const about = { timeZone, window, budget: rule.budget, leftOut: rule.leftOut, ...answers };
    const { events, standing } = await replay(evaluated, newStanding(from, known), { from, to }, about, see);
    const levels = type.levels(rule.fields);
    return {
      window: { from, to },
      ...{ events, standing },
      alerts: alertsOf(events, levels, extremes),
      days: [...days].map(([day, one]) => ({ day: dayOf(day, timeZone), ...one })),
    };
  });
}

/** The values that a rule about new ones has seen before an instant. */
export async function knownBefore(
  ask: ReturnType<ReturnType<typeof liveAnswers>>,
  fields: Record<string, unknown>,
  before: Instant,
): Promise<string[]> {
  const by = SUBJECT_KEYS.find((subject) => subject === fields.what);
  if (by === undefined) return [];
  return [...(await ask({ ask: 'subjects', by, from: BEGIN_OF_TIME, to: before })).keys()];
}

/** What fired and how it ended, in order. */
function alertsOf(
  events: AlertEvent[],
  levels: Level[],
  extremes: ReturnType<typeof gatherExtremes>,
): RehearsedAlert[] {
  const alerts = new Map<string, RehearsedAlert>();
  for (const { kind, at, since, observation } of events) {
    const { subject, value, reached, limit, usual, window } = observation;
    const key = `${subject}\0${since}`;
    const level = levels[reached - 1] ?? 'critical';
    const open = alerts.get(key);
    if (kind === 'fired') {
      const told = value ?? 0;
      const went = extremes.of(subject, since);
      const worst = went === null ? told : furthest(went, usual).value;
      alerts.set(key, { subject, from: at, to: null, level, value: told, worst, limit, usual, window });
    } else if (open && kind === 'rose') alerts.set(key, { ...open, level, value: value ?? open.value });
    else if (open) alerts.set(key, { ...open, to: at });
  }
  return [...alerts.values()];
}
