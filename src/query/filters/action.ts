import { actionInfo } from '../../catalog/actions.ts';
import type { Filter, Knowledge } from './entry.ts';
import { type NamesOf, namesFilter } from './values.ts';

export const MOST_CHARACTERS_OF_AN_ACTION = 63;

export const ACTION_NAMES: NamesOf = {
  known: ({ actions }) => actions,
  labelOf: (action) => actionInfo(action).label,
  most: MOST_CHARACTERS_OF_AN_ACTION,
  takes: 'takes an action name of at most 63 characters',
};

/** The column is an enum, and PostgreSQL refuses a comparison with a label that it does not have. */
export async function knownActions(actions: string[], { dimensions }: Knowledge): Promise<string[]> {
  const known = await dimensions();
  return actions.filter((action) => known.actions.includes(action));
}

export const ACTION: Filter<string[]> = {
  ...namesFilter(ACTION_NAMES, { place: 'bar', label: 'Action', none: 'All actions' }),
  parameter: 'action',

  meant: knownActions,
  where: (rows, actions) => rows.whereRaw('action = ANY(?::ai_action_type[])', [actions]),
  rollups: {
    from: 'days',
    passes: (actions) => (cell) => actions.includes(cell.action),
    scope: (actions) => (actions.length === 1 ? { action: actions[0] } : null),
  },

  label: 'action is',
  also: 'or',
  negated: (one) => ({ parameter: 'notAction', one }),

  option: { value: 'NAME', help: 'of this action only' },
  openapi: {
    description: 'Only records of this action, or of one of these. An action that does not exist matches nothing.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS_OF_AN_ACTION },
  },
};
