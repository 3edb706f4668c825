import type { GrownHour } from '../../stats/rollups/grown-hours.ts';
import type { Instant } from '../../units/time.ts';
import type { Standing } from './step.ts';

/** Up to where calls that came late have been looked for: what the rollups had covered, and the last grown hour that they had found. */
export type LookedBack = { covered: Instant; grown: GrownHour };

/** How a rule stands: with each subject that it has seen something of, and what it learned on the way. */
export type RuleStanding = {
  /** When it was first evaluated: of windows that were over by then it says nothing. */
  began: Instant;
  learning: boolean;
  subjects: Map<string, Standing>;
  /** Values that are not new to it. */
  known: Set<string>;
  /** Null where it has not been evaluated yet. */
  lookedBack: LookedBack | null;
};

export const newStanding = (began: Instant, known: Iterable<string> = []): RuleStanding => ({
  began,
  learning: false,
  subjects: new Map(),
  known: new Set(known),
  lookedBack: null,
});
