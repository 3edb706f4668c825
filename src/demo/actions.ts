import type { AiAction } from './source-tables.ts';

/**
 * How often a model serves an action, on the first day and once the move to newer models is over. `fromDay`: not
 * before that many days after the first.
 */
export type ModelShare = { model: string; first: number; later: number; fromDay?: number };

/** Tokens as [least, most], or as many as an image has; seconds: how long it takes compared with the other calls. */
export type ActionShape = {
  models: readonly ModelShare[];
  inputTokens: readonly [number, number];
  outputTokens: readonly [number, number] | 'an image';
  seconds: number;
};

/** Released lately and not in the workflow's price list, so its rows are recorded at €0. */
export const UNPRICED_MODEL = 'flux-2-pro';

export const ACTION_SHAPES: Readonly<Record<AiAction, ActionShape>> = {
  character_photo_analysis: {
    models: [
      { model: 'gpt-4-turbo', first: 70, later: 0 },
      { model: 'gpt-5', first: 10, later: 45 },
      { model: 'gemini-2.5-flash', first: 20, later: 55 },
    ],
    inputTokens: [900, 1900],
    outputTokens: [180, 520],
    seconds: 20,
  },
  story_structure: {
    models: [
      { model: 'gpt-4-turbo', first: 55, later: 0 },
      { model: 'gpt-5', first: 30, later: 70 },
      { model: 'gemini-2.5-pro', first: 15, later: 30 },
    ],
    inputTokens: [1200, 2600],
    outputTokens: [900, 2200],
    seconds: 60,
  },
  story_outline: {
    models: [
      { model: 'gemini-pro', first: 45, later: 0 },
      { model: 'gpt-5', first: 30, later: 60 },
      { model: 'gemini-2.5-flash', first: 25, later: 40 },
    ],
    inputTokens: [1800, 3600],
    outputTokens: [1200, 2800],
    seconds: 70,
  },
  character_generation: {
    models: [
      { model: 'gemini-pro', first: 50, later: 0 },
      { model: 'gpt-5-mini', first: 20, later: 60 },
      { model: 'gemini-2.5-flash', first: 30, later: 40 },
    ],
    inputTokens: [700, 1800],
    outputTokens: [300, 900],
    seconds: 30,
  },
  chapter_writing: {
    models: [
      { model: 'gpt-4-turbo', first: 40, later: 0 },
      { model: 'gpt-5', first: 40, later: 65 },
      { model: 'gemini-2.5-pro', first: 5, later: 20 },
      { model: 'claude-sonnet-4-5', first: 15, later: 15 },
    ],
    inputTokens: [2400, 7200],
    outputTokens: [1300, 3400],
    seconds: 100,
  },
  image_generation: {
    models: [
      { model: 'dall-e-3', first: 60, later: 0 },
      { model: 'imagen-4.0', first: 15, later: 5 },
      { model: 'gpt-image-1', first: 25, later: 52 },
      { model: 'gpt-image-1-mini', first: 0, later: 18 },
      { model: 'gemini-2.5-flash-image', first: 0, later: 20 },
      { model: UNPRICED_MODEL, first: 0, later: 5, fromDay: 104 },
    ],
    inputTokens: [160, 620],
    outputTokens: 'an image',
    seconds: 45,
  },
  image_edit: {
    models: [
      { model: 'gpt-image-1', first: 80, later: 45 },
      { model: 'gpt-image-1-mini', first: 0, later: 20 },
      { model: 'gemini-2.5-flash-image', first: 20, later: 35 },
    ],
    inputTokens: [420, 1500],
    outputTokens: 'an image',
    seconds: 60,
  },
  story_review: {
    models: [
      { model: 'gpt-4-turbo', first: 40, later: 0 },
      { model: 'claude-sonnet-4-5', first: 20, later: 45 },
      { model: 'gpt-5', first: 40, later: 55 },
    ],
    inputTokens: [6500, 16000],
    outputTokens: [500, 1500],
    seconds: 80,
  },
  story_enhancement: {
    models: [
      { model: 'gpt-4-turbo', first: 35, later: 0 },
      { model: 'gpt-5', first: 35, later: 55 },
      { model: 'gpt-5-mini', first: 30, later: 45 },
    ],
    inputTokens: [2600, 6000],
    outputTokens: [1200, 3000],
    seconds: 80,
  },
  content_validation: {
    models: [
      { model: 'gemini-pro', first: 40, later: 0 },
      { model: 'gpt-5-mini', first: 40, later: 45 },
      { model: 'claude-haiku-4-5', first: 20, later: 55 },
    ],
    inputTokens: [1500, 5200],
    outputTokens: [40, 260],
    seconds: 15,
  },
  audio_generation: {
    models: [{ model: 'tts-1', first: 1, later: 1 }],
    inputTokens: [1800, 4096],
    outputTokens: [0, 0],
    seconds: 35,
  },
  blog_translation: {
    models: [
      { model: 'gpt-4-turbo', first: 40, later: 0 },
      { model: 'gemini-2.5-pro', first: 30, later: 60 },
      { model: 'claude-sonnet-4-5', first: 30, later: 40 },
    ],
    inputTokens: [2200, 6800],
    outputTokens: [2400, 7400],
    seconds: 90,
  },
  prompt_rewrite: {
    models: [
      { model: 'gemini-pro', first: 60, later: 0 },
      { model: 'gpt-5-mini', first: 20, later: 50 },
      { model: 'gemini-2.5-flash', first: 20, later: 50 },
    ],
    inputTokens: [240, 900],
    outputTokens: [120, 480],
    seconds: 10,
  },
  test: {
    models: [
      { model: 'gpt-5-mini', first: 40, later: 40 },
      { model: 'gemini-2.5-flash', first: 30, later: 30 },
      { model: 'claude-haiku-4-5', first: 30, later: 30 },
    ],
    inputTokens: [12, 90],
    outputTokens: [4, 60],
    seconds: 10,
  },
};
