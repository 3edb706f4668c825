import { written } from '../../catalog/written.ts';
import type { Filter } from './entry.ts';
import { MOST_CHARACTERS_OF_A_MODEL } from './model.ts';
import { choicesOf, name } from './values.ts';

export const NOT_MODEL: Filter<string[]> = {
  parameter: 'notModel',
  many: true,
  schema: name(MOST_CHARACTERS_OF_A_MODEL, 'takes a model name of at most 100 characters'),
  written,

  meant: (models) => models,
  where: (rows, models) => rows.whereRaw('ai_model <> ALL(?)', [models]),
  rollups: { from: 'days', passes: (models) => (cell) => !models.includes(cell.model) },

  label: 'model is not',
  also: 'and',
  said: written,
  field: (models, dimensions) => ({
    place: 'more',
    label: 'Not this model',
    kind: 'choices',
    choices: choicesOf({ known: dimensions.models, active: models ?? [], labelOf: written, none: 'None left out' }),
  }),

  option: { value: 'NAME', help: 'of any model but this' },
  openapi: {
    description: 'Only records of models other than this, or than any of these.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS_OF_A_MODEL },
  },
};
