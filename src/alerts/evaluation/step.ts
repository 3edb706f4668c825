import type { Per } from '../../units/calendar-period.ts';
import { addTime, type Instant } from '../../units/time.ts';
import type { AnyRuleType, Observation } from '../rules/rule-type.ts';
import type { runningWindow, WindowSize } from '../rules/windows.ts';

/** How a rule stands with one subject. Without an alert: ok, or pending until it has been seen often enough. */
export type Standing = {
  state: 'ok' | 'pending' | 'firing' | 'recovering' | 'no data';
  /** Evaluations in a row that reached a level. */
  inARow: number;
  value: number | null;
  /** How many levels are reached now, and the most within the running window, which begins at `window`. */
  reached: number;
  window: Instant;
  mostInWindow: number;
  alert: OpenAlert | null;
};

/** An alert that has not ended: since when, the most levels that it has told, and since when it has been calm. */
export type OpenAlert = { since: Instant; told: number; calmSince: Instant | null };

/** What happened to an alert. `late`: a window that is over has reached more levels since, by calls that came late. */
export type AlertEvent = {
  kind: 'fired' | 'rose' | 'resolved' | 'late';
  at: Instant;
  /** When its alert fired: with the rule and the subject, which alert it is. */
  since: Instant;
  observation: Observation;
};

type HowItGoes = Pick<AnyRuleType, 'ends'> & {
  /** Of its windows. */
  size: WindowSize | Per;
  /** How many evaluations in a row it takes to fire. */
  evaluations: number;
  window: typeof runningWindow;
  timeZone: string;
};

/** The end of the first whole window that began at an instant or after it. */
function endOfWindowFrom(from: Instant, { size, window, timeZone }: HowItGoes): Instant {
  const first = window(size, addTime(from, 1n), timeZone);
  return first.from === from ? first.to : window(size, addTime(first.to, 1n), timeZone).to;
}

/**
 * One evaluation: how a rule stands with a subject after it, and what it tells. The same live and in a rehearsal, which is why
 * nothing but its arguments decides.
 */
export function step(
  before: Standing | null,
  seen: Observation,
  at: Instant,
  how: HowItGoes,
): { standing: Standing; events: AlertEvent[] } {
  const events: AlertEvent[] = [];
  const isNextWindow = before !== null && before.window !== seen.window.from;
  const open = before?.alert ?? null;
  let alert = open;
  const tell = (kind: AlertEvent['kind'], since: Instant) => events.push({ kind, at, since, observation: seen });
  const end = () => {
    if (alert === null) return;
    tell('resolved', alert.since);
    alert = null;
  };

  if (alert !== null && how.ends === 'with its window' && isNextWindow) end();
  const counted = alert === null && open !== null ? 0 : (before?.inARow ?? 0);
  const inARow = seen.reached === 0 ? 0 : Math.min(counted + 1, how.evaluations);
  if (seen.reached > 0 && alert !== null) {
    if (seen.reached > alert.told) tell('rose', alert.since);
    alert = { ...alert, told: Math.max(alert.told, seen.reached), calmSince: null };
  } else if (seen.reached > 0 && inARow >= how.evaluations) {
    alert = { since: at, told: seen.reached, calmSince: null };
    tell('fired', at);
  } else if (alert !== null && seen.calm) {
    // Calm since the beginning of its window, where that is when it was first seen so.
    const calmSince = alert.calmSince ?? (isNextWindow ? seen.window.from : at);
    alert = { ...alert, calmSince };
    const isOver =
      how.ends === 'when calm' || (how.ends === 'after a calm window' && at >= endOfWindowFrom(calmSince, how));
    if (isOver) end();
  } else if (alert !== null) alert = { ...alert, calmSince: null };

  return {
    events,
    standing: {
      state:
        alert !== null
          ? alert.calmSince === null
            ? 'firing'
            : 'recovering'
          : seen.value === null
            ? 'no data'
            : seen.reached > 0
              ? 'pending'
              : 'ok',
      inARow,
      value: seen.value,
      reached: seen.reached,
      window: seen.window.from,
      mostInWindow: Math.max(seen.reached, isNextWindow ? 0 : (before?.mostInWindow ?? 0)),
      alert,
    },
  };
}
