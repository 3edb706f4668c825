import { type GrownHour, isFoundAfter } from '../../stats/rollups/grown-hours.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, type Instant, latest, startOfHour } from '../../units/time.ts';
import type { AnyRuleType } from '../rules/rule-type.ts';
import type { Span } from '../rules/windows.ts';
import { checkedKnown, MOST_SUBJECTS } from './replay.ts';
import type { LookedBack, RuleStanding } from './rule-standing.ts';
import type { AlertEvent } from './step.ts';

/** A window that ended longer ago is not looked at again, whatever comes. */
export const LATE_DAYS = 90;
/** Of a rule and a round: a day of hours. What is more waits for the next. */
const MOST_WINDOWS = 24;
/** No window is longer. */
const A_YEAR = 367n * DAY_OF_24_HOURS;

/** What the rollups say, at one state of them, of calls that came late: the hours that grew, the first found first. */
export type FoundLate = { coveredUntil: Instant; version: bigint; grown: GrownHour[]; isAll: boolean };

/** How many levels of its rule a window has reached. */
export type ReachedWindow = { subject: string; window: Span; reached: number };

/**
 * The windows, over by `at`, of which the rollups have learned something since the rule last looked: hours that grew after they were
 * covered, and hours that were covered since, with all that had come by then. At most so many; the rest is left to the next look,
 * which begins where `lookedBack` says. `windowAt`: the window that runs as of an instant.
 */
export function windowsToLookAt(
  { began, lookedBack }: Pick<RuleStanding, 'began' | 'lookedBack'>,
  { coveredUntil, version, grown, isAll }: FoundLate,
  windowAt: (at: Instant) => Span,
  at: Instant,
): { windows: Span[]; lookedBack: LookedBack } {
  const end = { version, hour: coveredUntil };
  if (lookedBack === null) return { windows: [], lookedBack: { covered: coveredUntil, grown: end } };
  const from = latest(began, addTime(at, -BigInt(LATE_DAYS) * DAY_OF_24_HOURS));
  const windows = new Map<Instant, Span>();
  /** Whether the window of an hour is among those that are looked at, or need not be. */
  const isTaken = (hour: Instant): boolean => {
    if (addTime(hour, A_YEAR) < from) return true;
    const window = windowAt(addTime(hour, 1n));
    if (window.to > at || window.to <= from || windows.has(window.from)) return true;
    if (windows.size === MOST_WINDOWS) return false;
    windows.set(window.from, window);
    return true;
  };
  const looked = (upTo: LookedBack) => ({ windows: [...windows.values()], lookedBack: upTo });
  let { covered, grown: last } = lookedBack;
  if (covered < coveredUntil) covered = latest(covered, startOfHour(from));
  for (; covered < coveredUntil; covered = addTime(covered, HOUR)) {
    if (!isTaken(covered)) return looked({ covered, grown: last });
  }
  for (const one of grown) {
    if (!isFoundAfter(one, last)) continue;
    if (!isTaken(one.hour)) return looked({ covered, grown: last });
    last = one;
  }
  return looked({ covered, grown: isAll && isFoundAfter(end, last) ? end : last });
}

/**
 * Whether windows that are over have reached more levels than they had, for calls came late or were dated back. Each is told once.
 * `observe`: what the rule sees of a window, complete; `reachedIn`: how many levels each of its subjects had reached.
 * @throws what these two throw
 */
export async function lateEvents(
  type: Pick<AnyRuleType, 'once' | 'isOfMoreCalls'>,
  standing: RuleStanding,
  windows: Span[],
  at: Instant,
  observe: (window: Span, known: ReadonlySet<string>) => ReturnType<AnyRuleType['observe']>,
  reachedIn: (window: Span) => Promise<ReadonlyMap<string, number>>,
): Promise<{ standing: RuleStanding; events: AlertEvent[]; reached: ReachedWindow[] }> {
  let { known } = standing;
  const events: AlertEvent[] = [];
  const reached: ReachedWindow[] = [];
  for (const window of windows) {
    const seen = await observe(window, known);
    if (seen === null || seen === 'learning') continue;
    const over = seen.filter((one) => one.reached > 0 && (type.isOfMoreCalls?.(one) ?? true));
    if (over.length === 0) continue;
    const before = await reachedIn(window);
    const late = over.filter((one) => one.reached > (before.get(one.subject) ?? 0));
    if (late.length > MOST_SUBJECTS)
      throw new Error(`more than ${MOST_SUBJECTS} models or actions have reached its level by calls that came late`);
    if (type.once && late.length > 0) known = checkedKnown([...known, ...late.map(({ subject }) => subject)]);
    for (const observation of late) {
      events.push({ kind: 'late', at, since: at, observation });
      reached.push({ subject: observation.subject, window, reached: observation.reached });
    }
  }
  return { standing: { ...standing, known }, events, reached };
}
