import { addTime, type Instant, MINUTE } from '../../units/time.ts';
import { liveAnswers } from '../evaluation/live-answers.ts';
import { ruleTypeOf, whoseCostOf } from '../rules/registry.ts';
import { runningWindow, startOfMinute } from '../rules/windows.ts';
import type { AlertSources } from '../sources.ts';
import { type Alert, readToldLines } from '../store/alerts.ts';

/** What an alert was told with, and what the same window comes to as it is counted now. */
export type Recount = { at: Instant; then: number; now: number };

/** Of each message about it, of which there is one for each level. */
const MOST_TOLD = 10;

/**
 * Where the windows of an alert, counted now up to when they were told of, come to something else than they did then: calls were
 * deleted or dated back since. Oldest first; none where nothing does, or where that cannot be told.
 */
export async function readRecounts(
  { databases, reader, format }: Pick<AlertSources, 'databases' | 'reader' | 'format'>,
  { id, asked, subject, window, late }: Alert,
  now: Instant,
): Promise<Recount[]> {
  const budget = asked.budget ?? null;
  const type = ruleTypeOf(asked.type);
  if ('budget' in type.fields && budget === null) return [];
  const count = (instant: Instant) =>
    reader.together(async (state) => {
      const seen = await type.observe(asked.fields, instant, {
        ...{ timeZone: format.timeZone, window: runningWindow, budget },
        ...{ ask: liveAnswers(state, now)(asked.filter, whoseCostOf(asked, budget)), known: new Set(), leftOut: [] },
      });
      if (seen === null || seen === 'learning') return null;
      return seen.find((one) => one.subject === subject)?.value ?? 0;
    });
  const recount = async (told: Instant, then: number): Promise<Recount | null> => {
    // As of a whole minute, as it was evaluated; of a window that was over by then, complete.
    const at = late ? window.to : endOfMinute(told);
    const after = await count(at);
    if (after === null || same(after, then)) return null;
    // What fires within a minute is told before that is over: what else it brought is no change.
    const before = late || type.every === 'hour' ? after : await count(addTime(at, -MINUTE));
    if (before === null || (then >= Math.min(before, after) && then <= Math.max(before, after))) return null;
    return { at, then, now: after };
  };
  const recounts: Recount[] = [];
  const told = await readToldLines(databases.backoffice, id, MOST_TOLD);
  for (const { at, value } of told) {
    const found = value === null ? null : await recount(at, value);
    if (found !== null) recounts.push(found);
  }
  return recounts;
}

const endOfMinute = (instant: Instant): Instant => {
  const begin = startOfMinute(instant);
  return begin === instant ? begin : addTime(begin, MINUTE);
};

/** Shares and averages are kept as floating point numbers. */
const same = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
