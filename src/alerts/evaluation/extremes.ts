import type { Instant } from '../../units/time.ts';
import type { RuleStanding } from './rule-standing.ts';

/** A value, and the window that it is of, by its beginning. */
type ValueOf = { value: number; window: Instant };

/** Between which values an alert went. */
export type Extremes = { subject: string; since: Instant; least: ValueOf; most: ValueOf };

const keyOf = (subject: string, since: Instant) => `${subject}\0${since}`;

/** Gathers, evaluation after evaluation, between which values alerts go. */
export function gatherExtremes() {
  const found = new Map<string, Extremes>();
  return {
    see: ({ subjects }: RuleStanding) => {
      for (const [subject, { alert, value, window }] of subjects) {
        if (alert === null || value === null) continue;
        const key = keyOf(subject, alert.since);
        const now = { value, window };
        const { least, most } = found.get(key) ?? { least: now, most: now };
        found.set(key, {
          ...{ subject, since: alert.since },
          least: value < least.value ? now : least,
          most: value > most.value ? now : most,
        });
      }
    },
    of: (subject: string, since: Instant): Extremes | null => found.get(keyOf(subject, since)) ?? null,
    all: () => [...found.values()],
  };
}

/** The one that is further from what is usual. */
export const furthest = ({ least, most }: Extremes, usual: number | null): ValueOf =>
  Math.abs(least.value - (usual ?? 0)) > Math.abs(most.value - (usual ?? 0)) ? least : most;
