import { readBudgets } from '../../stats/budgets/budgets.ts';
import { addTime, type Instant, MINUTE } from '../../units/time.ts';
import { liveAnswers } from '../evaluation/live-answers.ts';
import { budgetOfRule } from '../round/evaluate.ts';
import { ruleTypeOf } from '../rules/registry.ts';
import { runningWindow, startOfMinute } from '../rules/windows.ts';
import type { AlertSources } from '../sources.ts';
import type { Alert, AlertLine } from '../store/alerts.ts';

/** What an alert was told with, and what the same window comes to as it is counted now. */
export type Recount = { at: Instant; then: number; now: number };

/**
 * Whether the window of an alert, counted now up to when it was last told of, comes to something else than it did then: calls
 * were deleted or dated back since. Null where it does not, or where that cannot be told.
 */
export async function readRecount(
  { databases, reader, format }: AlertSources,
  { asked, subject }: Alert,
  lines: AlertLine[],
  now: Instant,
): Promise<Recount | null> {
  const told = lines.findLast(({ kind, value }) => ['fired', 'rose', 'late'].includes(kind) && value !== null);
  if (told === undefined || told.value === null) return null;
  const { value: then } = told;
  // As of a whole minute, as it was evaluated.
  const begin = startOfMinute(told.at);
  const at = begin === told.at ? begin : addTime(begin, MINUTE);
  const budget = budgetOfRule(asked, await readBudgets(databases.backoffice));
  const type = ruleTypeOf(asked.type);
  if ('budget' in type.fields && budget === null) return null;
  const count = (instant: Instant) =>
    reader.together(async (state) => {
      const seen = await type.observe(asked.fields, instant, {
        ...{ timeZone: format.timeZone, window: runningWindow, budget },
        ...{ ask: liveAnswers(state, now)(asked.filter), known: new Set(), leftOut: [] },
      });
      if (seen === null || seen === 'learning') return null;
      return seen.find((one) => one.subject === subject)?.value ?? 0;
    });
  const after = await count(at);
  if (after === null || same(after, then)) return null;
  // What fires within a minute is told before that is over: what else it brought is no change.
  const before = told.kind === 'late' || type.every === 'hour' ? after : await count(addTime(at, -MINUTE));
  if (before === null || (then >= Math.min(before, after) && then <= Math.max(before, after))) return null;
  return { at, then, now: after };
}

/** Shares and averages are kept as floating point numbers. */
const same = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
