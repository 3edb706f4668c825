import { actionInfo } from '../../catalog/actions.ts';
import { written } from '../../catalog/written.ts';
import type { Filter } from './entry.ts';
import { choicesOf, name } from './values.ts';

export const MOST_CHARACTERS_OF_AN_ACTION = 63;

const labelOf = (action: string) => actionInfo(action).label;

export const ACTION: Filter<string[]> = {
  parameter: 'action',
  many: true,
  schema: name(MOST_CHARACTERS_OF_AN_ACTION, 'takes an action name of at most 63 characters'),
  written,

  // The column is an enum, and PostgreSQL refuses a comparison with a label that it does not have.
  meant: async (actions, { dimensions }) => {
    const known = await dimensions();
    return actions.filter((action) => known.actions.includes(action));
  },
  where: (rows, actions) => rows.whereRaw('action = ANY(?::ai_action_type[])', [actions]),
  rollups: {
    from: 'days',
    passes: (actions) => (cell) => actions.includes(cell.action),
    scope: (actions) => (actions.length === 1 ? { action: actions[0] } : null),
  },

  label: 'action is',
  also: 'or',
  said: labelOf,
  field: (actions, dimensions) => ({
    place: 'bar',
    label: 'Action',
    kind: 'choices',
    choices: choicesOf({ known: dimensions.actions, active: actions ?? [], labelOf, none: 'All actions' }),
  }),

  option: { value: 'NAME', help: 'of this action only' },
  openapi: {
    description: 'Only records of this action, or of one of these. An action that does not exist matches nothing.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS_OF_AN_ACTION },
  },
};
