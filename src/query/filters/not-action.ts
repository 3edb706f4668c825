import { actionInfo } from '../../catalog/actions.ts';
import { written } from '../../catalog/written.ts';
import { MOST_CHARACTERS_OF_AN_ACTION } from './action.ts';
import type { Filter } from './entry.ts';
import { choicesOf, name } from './values.ts';

const labelOf = (action: string) => actionInfo(action).label;

export const NOT_ACTION: Filter<string[]> = {
  parameter: 'notAction',
  many: true,
  schema: name(MOST_CHARACTERS_OF_AN_ACTION, 'takes an action name of at most 63 characters'),
  written,

  // No record has an action that the enum does not: leaving it out leaves out nothing, and PostgreSQL refuses to compare.
  meant: async (actions, { dimensions }) => {
    const known = await dimensions();
    return actions.filter((action) => known.actions.includes(action));
  },
  where: (rows, actions) => rows.whereRaw('action <> ALL(?::ai_action_type[])', [actions]),
  rollups: { from: 'days', passes: (actions) => (cell) => !actions.includes(cell.action) },

  label: 'action is not',
  also: 'and',
  said: labelOf,
  field: (actions, dimensions) => ({
    place: 'more',
    label: 'Not this action',
    kind: 'choices',
    choices: choicesOf({ known: dimensions.actions, active: actions ?? [], labelOf, none: 'None left out' }),
  }),

  option: { value: 'NAME', help: 'of any action but this' },
  openapi: {
    description:
      'Only records of actions other than this, or than any of these. An action that does not exist leaves out nothing.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS_OF_AN_ACTION },
  },
};
