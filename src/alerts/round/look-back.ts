import type { Knex } from 'knex';
import { isFoundAfter, readGrownHours } from '../../stats/rollups/grown-hours.ts';
import type { UsageSource } from '../../stats/source.ts';
import type { Instant } from '../../units/time.ts';
import { type FoundLate, lateEvents, type ReachedWindow, windowsToLookAt } from '../evaluation/late.ts';
import type { Circumstances, EvaluatedRule } from '../evaluation/replay.ts';
import type { RuleStanding } from '../evaluation/rule-standing.ts';
import type { AlertEvent } from '../evaluation/step.ts';
import type { Span } from '../rules/windows.ts';
import { readReached } from '../store/reached-windows.ts';
import { isOfEverybody } from './of-everybody.ts';

/** What the rollups have found of late calls since the first of some rules last looked; null where there are none to read. */
export async function readFoundLate(
  { backoffice, coveredUntil, memory }: UsageSource,
  standings: RuleStanding[],
): Promise<FoundLate | null> {
  if (coveredUntil === null || memory.contentVersion === null) return null;
  const version = BigInt(memory.contentVersion);
  const [first] = standings
    .flatMap(({ lookedBack }) => lookedBack?.grown ?? [])
    .sort((a, b) => (isFoundAfter(a, b) ? 1 : -1));
  const isNews = first !== undefined && isFoundAfter({ version, hour: coveredUntil }, first);
  const { hours, isAll } = isNews ? await readGrownHours(backoffice, first, version) : { hours: [], isAll: true };
  return { coveredUntil, version, grown: hours, isAll };
}

type Looked = { standing: RuleStanding; events: AlertEvent[]; reached: ReachedWindow[] };

type LookingBack = {
  backoffice: Knex;
  found: FoundLate | null;
  /** Whether the window before the running one is looked at, too, as long as no rollup holds all of it. */
  looksBack: boolean;
  /** What its windows have just been seen to reach. */
  reached: ReachedWindow[];
};

/** What calls that came late have made of the windows of a rule that are over, as of a whole minute. */
export async function lookBack(
  rule: EvaluatedRule & { id: string },
  standing: RuleStanding,
  minute: Instant,
  about: Circumstances,
  { backoffice, found, looksBack, reached }: LookingBack,
): Promise<Looked> {
  const { type, fields } = rule;
  if (type.neverLate !== undefined) return { standing, events: [], reached: [] };
  const size = type.size(fields, about);
  const windowAt = (at: Instant) => about.window(size, at, about.timeZone);
  const { windows, lookedBack } =
    found === null
      ? { windows: [], lookedBack: standing.lookedBack ?? withoutRollups(standing) }
      : windowsToLookAt(standing, found, windowAt, minute);
  const looked = [...windows, ...(looksBack ? windowBefore(windowAt, standing, minute, found) : [])];
  const observe = async (window: Span, known: ReadonlySet<string>) => {
    try {
      return await type.observe(fields, window.to, { ...about, known });
    } catch (error) {
      // What takes too long of a window that is over is no reason to look at the running one no more.
      if (isOfEverybody(error)) throw error;
      return null;
    }
  };
  const reachedIn = async ({ from }: Span) => {
    const most = await readReached(backoffice, rule.id, from);
    for (const one of reached)
      if (one.window.from === from) most.set(one.subject, Math.max(one.reached, most.get(one.subject) ?? 0));
    return most;
  };
  return lateEvents(type, { ...standing, lookedBack }, looked, minute, observe, reachedIn);
}

/** Once there are rollups, all that they cover since the rule began is looked at. */
const withoutRollups = ({ began }: RuleStanding) => ({ covered: began, grown: { version: 0n, hour: began } });

function windowBefore(
  windowAt: (at: Instant) => Span,
  { began }: RuleStanding,
  minute: Instant,
  found: FoundLate | null,
): Span[] {
  const { from } = windowAt(minute);
  if (from <= began || (found !== null && found.coveredUntil >= from)) return [];
  return [windowAt(from)];
}
