import { written } from '../../catalog/written.ts';
import type { Filter } from './entry.ts';
import { type NamesOf, namesFilter } from './values.ts';

export const MOST_CHARACTERS_OF_A_MODEL = 100;

export const MODEL_NAMES: NamesOf = {
  known: ({ models }) => models,
  labelOf: written,
  most: MOST_CHARACTERS_OF_A_MODEL,
  takes: 'takes a model name of at most 100 characters',
};

export const MODEL: Filter<string[]> = {
  ...namesFilter(MODEL_NAMES, { place: 'bar', label: 'Model', none: 'All models' }),
  parameter: 'model',

  meant: (models) => models,
  where: (rows, models) => rows.whereRaw('ai_model = ANY(?)', [models]),
  rollups: {
    from: 'days',
    passes: (models) => (cell) => models.includes(cell.model),
    scope: (models) => (models.length === 1 ? { model: models[0] } : null),
  },

  label: 'model is',
  also: 'or',
  negated: (one) => ({ parameter: 'notModel', one }),

  option: { value: 'NAME', help: `of this model only; '""' is the one of empty text` },
  openapi: {
    description:
      'Only records of this model, or of one of these. `""` is the model named with empty text, for an empty value is any; a ' +
      'name that has quotes around it gets further ones.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS_OF_A_MODEL },
  },
};
