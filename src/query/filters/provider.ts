import { providerOf } from '../../catalog/models.ts';
import type { Filter } from './entry.ts';
import { type NamesOf, namesFilter } from './values.ts';

const MOST_CHARACTERS = 100;

const PROVIDER_NAMES: NamesOf = {
  known: ({ models }) => [...new Set(models.map(providerOf))].sort(),
  labelOf: (provider) => provider,
  most: MOST_CHARACTERS,
  takes: 'takes the name of who makes models, such as OpenAI, of at most 100 characters',
};

/** By who makes its model, which the name of the model says; what it means are the models there are of those makers. */
export const PROVIDER: Filter<string[]> = {
  ...namesFilter(PROVIDER_NAMES, { place: 'more', label: 'Provider', none: 'All providers' }),
  parameter: 'provider',

  meant: async (providers, { dimensions }) =>
    (await dimensions()).models.filter((model) => providers.includes(providerOf(model))),
  where: (rows, models) => rows.whereRaw('ai_model = ANY(?)', [models]),
  rollups: { from: 'days', passes: (models) => (cell) => models.includes(cell.model) },

  label: 'provider is',
  also: 'or',

  option: { value: 'NAME', help: 'of models of this provider only' },
  openapi: {
    description:
      'Only records of models of this provider, or of one of these, as the breakdown by provider names them.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS },
  },
};
