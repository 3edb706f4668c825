import type { z } from 'zod';
import type { WhoseCost } from '../../query/view.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import type { Per } from '../../units/calendar-period.ts';
import type { Instant, Length } from '../../units/time.ts';
import type { Answerer, Recording } from './questions.ts';
import type { runningWindow, Span, WindowSize } from './windows.ts';

/** How bad it is; a rule's levels rise, and the last is the worst. */
export type Level = 'warning' | 'critical';

/** What a value counts: how it is printed, and how it stands in JSON. */
export type Measured = 'euros' | 'requests' | 'tokens' | 'hours' | 'share';

/** What an evaluation of a rule saw of one subject. Values are micro-euros, requests, tokens, hours or shares. */
export type Observation = {
  /** A model, action or provider; empty where the rule is about all of its calls together. */
  subject: string;
  /** Null where there is nothing to measure. */
  value: number | null;
  /** How many of the rule's levels it has reached. */
  reached: number;
  /** Whether it is well below all of them, so that an alert may end. */
  calm: boolean;
  /** The first level, and what the value usually is, where the rule knows. */
  limit: number | null;
  usual: number | null;
  window: Span;
};

/** What a rule may know besides its calls. */
export type RuleKnowledge = {
  timeZone: string;
  window: typeof runningWindow;
  ask: Answerer;
  /** Of the types that are about one. */
  budget: Budget | null;
  /** Values that are not new. */
  known: ReadonlySet<string>;
  /** What someone has called noise or planned: windows that begin then are nothing to learn from. */
  leftOut: readonly Span[];
};

/** How a field is asked for; `unit` stands behind its value. */
export type RuleField = { label: string; help?: string } & (
  | { kind: 'choice'; choices: Record<string, string> }
  | { kind: 'number'; unit?: string; optional?: true }
  | { kind: 'numbers'; unit?: string }
  | { kind: 'budget' }
);

/** A type of rules: all that the program knows of it. */
export type RuleType<Fields> = {
  label: string;
  /** What it is for, for whoever makes one. */
  about: string;
  schema: z.ZodType<Fields>;
  fields: { [Name in keyof Fields]: RuleField };
  /** What does not go together: which field, and why. */
  clash?(fields: Fields): { parameter: string; message: string } | null;
  /** "cost per day is €20 or more" */
  sentence(fields: Fields, words: { euros: (micro: number) => string; budget: string }): string;

  levels(fields: Fields): Level[];
  /** What they are, where they are the same for every window and subject. */
  levelValues?(fields: Fields): number[];
  measured(fields: Fields): Measured;
  /** Whose costs answer its questions; those that were recorded where it is left out. */
  cost?(fields: Fields, knowledge: Pick<RuleKnowledge, 'budget'>): WhoseCost;
  /** When it is evaluated: as of every whole minute, or of the hours of the business clock. */
  every: 'minute' | 'hour';
  /** What its questions are about besides all calls together. */
  recording(fields: Fields): Partial<Recording>;
  /** How far before an instant it looks, at most. */
  looksBack(fields: Fields, at: Instant, knowledge: Pick<RuleKnowledge, 'timeZone' | 'budget'>): Length;
  /**
   * When an alert ends: with a whole window of this size in which it was calm; with the next window, which is another matter;
   * with the first calm evaluation.
   */
  ends: 'after a calm window' | 'with its window' | 'when calm';
  size(fields: Fields, knowledge: Pick<RuleKnowledge, 'budget'>): WindowSize | Per;
  /** Whether its end is told as well. */
  tellsEnd: boolean;
  /** Whether a subject that has fired is known from then on. */
  once?: true;
  /** Why a window that is over is not looked at again where calls come late, for whoever reads the rule; left out where it is. */
  neverLate?: string;
  /** Whether what is seen of a window that is over may come of more calls in it; left out where it always may. */
  isOfMoreCalls?(seen: Observation): boolean;
  /** Null where an instant tells nothing new. @throws Error in words for the owner of the rule */
  observe(fields: Fields, at: Instant, knowledge: RuleKnowledge): Promise<Observation[] | 'learning' | null>;
};

/** Any of them, as what goes through all of them sees it. */
export type AnyRuleType = {
  [Key in keyof RuleType<unknown>]: RuleType<unknown>[Key];
};

/** How many of some rising levels a value has reached. */
export const reachedOf = (value: number, levels: number[]): number => levels.filter((level) => value >= level).length;

/** Below this share of the first level an alert may end: what goes to and fro around a level is told once. */
const CALM_BELOW = 0.9;
export const isCalm = (value: number, first: number): boolean => value < CALM_BELOW * first;
