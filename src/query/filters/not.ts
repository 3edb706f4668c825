import { ACTION_NAMES, knownActions, MOST_CHARACTERS_OF_AN_ACTION } from './action.ts';
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

export const NOT_ACTION: Filter<string[]> = {
  ...namesFilter(ACTION_NAMES, { place: 'more', label: 'Not this action', none: 'None left out' }),
  parameter: 'notAction',

  // No record has an action that the enum does not: leaving it out leaves out nothing.
  meant: knownActions,
  where: (rows, actions) => rows.whereRaw('action <> ALL(?::ai_action_type[])', [actions]),
  rollups: { from: 'days', passes: (actions) => (cell) => !actions.includes(cell.action) },

  label: 'action is not',
  also: 'and',
  negated: (one) => ({ parameter: 'action', one }),

  option: { value: 'NAME', help: 'of any action but this' },
  openapi: {
    description:
      'Only records of actions other than this, or than any of these. An action that does not exist leaves out nothing.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS_OF_AN_ACTION },
  },
};
