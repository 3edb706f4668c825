import type { Filter } from './entry.ts';
import { MODEL_NAMES, MOST_CHARACTERS_OF_A_MODEL } from './model.ts';
import { namesFilter } from './values.ts';

export const NOT_MODEL: Filter<string[]> = {
  ...namesFilter(MODEL_NAMES, { place: 'more', label: 'Not this model', none: 'None left out' }),
  parameter: 'notModel',

  meant: (models) => models,
  where: (rows, models) => rows.whereRaw('ai_model <> ALL(?)', [models]),
  rollups: { from: 'days', passes: (models) => (cell) => !models.includes(cell.model) },

  label: 'model is not',
  also: 'and',
  negated: (one) => ({ parameter: 'model', one }),

  option: { value: 'NAME', help: 'of any model but this' },
  openapi: {
    description: 'Only records of models other than this, or than any of these.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS_OF_A_MODEL },
  },
};
