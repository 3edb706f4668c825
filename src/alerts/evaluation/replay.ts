import { setImmediate } from 'node:timers/promises';
import { addTime, earliest, floorDivided, HOUR, type Instant, instantAt, MINUTE } from '../../units/time.ts';
import type { AnyRuleType, Observation, RuleKnowledge } from '../rules/rule-type.ts';
import type { RuleStanding } from './rule-standing.ts';
import { type AlertEvent, type Standing, step } from './step.ts';

/** A rule as an evaluation needs it. */
export type EvaluatedRule = { type: AnyRuleType; fields: unknown; evaluations: number };

/** What an evaluation needs besides what the rule itself has learned. */
export type Circumstances = Omit<RuleKnowledge, 'known'> & {
  /** The first instant after one by which something more has been recorded; where it is known, what lies between need not be looked at. */
  quietUntil?: (at: Instant) => Instant;
};

const A_TURN_MS = 10;

/** More models or actions than anybody uses: names at random, of which each would be an alert. */
export const MOST_SUBJECTS = 200;
export const MOST_KNOWN = 5_000;

/** @throws Error in words for the owner of the rule */
export function checkedKnown(names: string[]): Set<string> {
  const known = new Set(names);
  if (known.size > MOST_KNOWN)
    throw new Error(`more than ${MOST_KNOWN} names are known, too many to tell which are new`);
  return known;
}

/** The instants from after `from` up to and including `to` as of which a rule is evaluated. */
function* instantsOf(every: 'minute' | 'hour', from: Instant, to: Instant): Generator<Instant> {
  // Clocks are ahead of UTC by whole quarters of an hour, so that every hour of one begins with such a quarter.
  const length = every === 'minute' ? MINUTE : HOUR / 4n;
  for (let at = instantAt((floorDivided(from, length) + 1n) * length); at <= to; at = addTime(at, length)) yield at;
}

/**
 * Evaluates a rule as of each whole minute after `from` up to `to`, one after the other, going on from how it stood. Live, a
 * minute or what was missed; in a rehearsal, ninety days. `eachOne` hears of every evaluation.
 * @throws whatever the questions of its type throw; how it stood is not changed then
 */
export async function replay(
  rule: EvaluatedRule,
  before: RuleStanding,
  { from, to }: { from: Instant; to: Instant },
  circumstances: Circumstances,
  eachOne: (at: Instant, standing: RuleStanding) => void = () => {},
): Promise<{ standing: RuleStanding; events: AlertEvent[] }> {
  let standing = before;
  let quietUntil: Instant | null = null;
  const events: AlertEvent[] = [];
  let turned = performance.now();
  for (const at of instantsOf(rule.type.every, from, to)) {
    const { window, timeZone } = circumstances;
    if (quietUntil !== null && at < quietUntil) continue;
    if (rule.type.every === 'hour' && window('hour', at, timeZone).to !== at) continue;
    const seen = await rule.type.observe(rule.fields, at, { ...circumstances, known: knownOf(standing) });
    const next = afterOne(rule, standing, seen, at, circumstances);
    standing = next.standing;
    events.push(...next.events);
    eachOne(at, standing);
    // Ninety days of minutes are seconds of work, in which others are to be answered.
    if (performance.now() - turned > A_TURN_MS) {
      await setImmediate();
      turned = performance.now();
    }
    quietUntil = nothingUntil(rule, standing, at, circumstances);
  }
  return { standing, events };
}

/** What has fired is known from then on, and looked at as long as its alert is open. */
const knownOf = ({ known, subjects }: RuleStanding): ReadonlySet<string> => {
  const open = [...subjects].filter(([subject, { alert }]) => alert !== null && known.has(subject));
  return open.length === 0 ? known : new Set([...known].filter((name) => !subjects.get(name)?.alert));
};

/** Until when every evaluation would find what this one found: no call comes, no window ends, and nothing is being counted. */
function nothingUntil(
  { type, fields, evaluations }: EvaluatedRule,
  { subjects }: RuleStanding,
  at: Instant,
  circumstances: Circumstances,
): Instant | null {
  const { quietUntil, window, timeZone } = circumstances;
  if (quietUntil === undefined || type.every === 'hour' || type.ends === 'when calm') return null;
  if ([...subjects.values()].some(({ inARow }) => inARow > 0 && inARow < evaluations)) return null;
  const { to } = window(type.size(fields, circumstances), at, timeZone);
  // With the first minute of the next window its alert may end.
  return to === at ? null : earliest(quietUntil(at), to);
}

/** Whether a standing says anything that a subject nobody has seen does not. */
const isRemembered = ({ alert, inARow, mostInWindow }: Standing) => alert !== null || inARow > 0 || mostInWindow > 0;

function afterOne(
  rule: EvaluatedRule,
  before: RuleStanding,
  seen: Observation[] | 'learning' | null,
  at: Instant,
  circumstances: Circumstances,
): { standing: RuleStanding; events: AlertEvent[] } {
  if (seen === null) return { standing: before, events: [] };
  if (seen === 'learning') return { standing: { ...before, learning: true }, events: [] };
  const { window, timeZone } = circumstances;
  const { type, fields, evaluations } = rule;
  const size = type.size(fields, circumstances);
  const how = { ends: type.ends, size, evaluations, window, timeZone };
  const isOfAll = (type.recording(fields).by ?? null) === null;
  const subjects = new Map<string, Standing>();
  const events: AlertEvent[] = [];
  const observe = (observation: Observation) => {
    const { subject } = observation;
    const next = step(before.subjects.get(subject) ?? null, observation, at, how);
    events.push(...next.events);
    if (isRemembered(next.standing) || isOfAll) subjects.set(subject, next.standing);
  };
  // In one order, whoever was asked and in whatever order that answered.
  for (const observation of [...seen].sort((a, b) => (a.subject < b.subject ? -1 : 1))) observe(observation);
  // What is not seen any more is at rest.
  for (const [subject, standing] of before.subjects) {
    if (subjects.has(subject) || !isRemembered(standing) || seen.some((one) => one.subject === subject)) continue;
    observe({
      ...{ subject, value: null, reached: 0, calm: true, limit: null, usual: null },
      window: window(size, at, timeZone),
    });
  }
  if (subjects.size > MOST_SUBJECTS)
    throw new Error(`more than ${MOST_SUBJECTS} models or actions are over its level at once`);
  let { known } = before;
  if (type.once) {
    const fired = events.filter(({ kind }) => kind === 'fired').map(({ observation }) => observation.subject);
    if (fired.length > 0) known = checkedKnown([...known, ...fired]);
  }
  return { standing: { ...before, learning: false, subjects, known }, events };
}
