import type { DailyCosts } from '../../stats/forecast.ts';
import type { Sums } from '../../stats/sums.ts';
import type { Span, WindowSize } from './windows.ts';

/** What usage is told apart by. */
export const SUBJECT_KEYS = ['model', 'action', 'provider'] as const;
export type SubjectKey = (typeof SUBJECT_KEYS)[number];

/**
 * What a rule may ask of its calls. Live, the engine answers it as it answers pages; in a rehearsal the same is added up from
 * minutes. `unpriced`: only calls at €0.
 */
export type Question =
  | ({ ask: 'sums' } & Span)
  | ({ ask: 'stories' } & Span)
  | ({ ask: 'subjects'; by: SubjectKey; unpriced?: true } & Span)
  | ({ ask: 'days' } & Span)
  | ({ ask: 'days of models' } & Span);

/** By the word that a question begins with. Days without calls are left out. */
export type Answers = {
  sums: Sums;
  stories: { sums: Sums; stories: number };
  subjects: Map<string, Sums>;
  days: DailyCosts;
  'days of models': Map<string, Sums[]>;
};

/** What a rule asks over a long time, where that is read at once. */
export type Recording = {
  /** Whether its questions begin and end within hours, however far back. */
  minutes: boolean;
  /** What its answers are told apart by. */
  by: 'model' | 'action' | null;
  unpriced: boolean;
  /** Of the windows whose distinct stories it asks for. */
  stories: WindowSize | null;
};

/** Answers one question. */
export type Answerer = <Q extends Question>(question: Q) => Promise<Answers[Q['ask']]>;
