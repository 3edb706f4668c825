import type { RuleStanding } from './rule-standing.ts';

/** How a rule stands, the worst of its subjects first. */
export const RULE_STATES = ['error', 'firing', 'recovering', 'pending', 'learning', 'ok', 'no data'] as const;
export type RuleState = (typeof RULE_STATES)[number];

/** Of the evaluations of the last day. */
export const MINUTES_OF_STRIP = 1440;

/** A minute of the strip: a letter for how the rule stood at its end, a space where it was not evaluated. */
export const STRIP_LETTERS: Record<string, RuleState> = {
  f: 'firing',
  r: 'recovering',
  p: 'pending',
  l: 'learning',
  o: 'ok',
  n: 'no data',
};

/** How a rule stands as a whole. */
export function stateOf({ learning, subjects }: RuleStanding): RuleState {
  // A model that is not seen any more is no reason to say that there are no data.
  const told = [...subjects].filter(([subject, { state }]) => subject === '' || state !== 'no data');
  const states = new Set(told.map(([, { state }]) => state));
  if (learning) return states.has('firing') ? 'firing' : 'learning';
  // Of a rule that looks at each model, only those are kept that are not at rest.
  return RULE_STATES.find((state) => states.has(state as never)) ?? 'ok';
}

export function letterOf(standing: RuleStanding): string {
  const state = stateOf(standing);
  const found = Object.entries(STRIP_LETTERS).find(([, one]) => one === state);
  return found?.[0] ?? ' ';
}
