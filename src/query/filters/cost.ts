import { z } from 'zod';
import { IS_NO_NUMBER } from '../../db/row-sql.ts';
import { eurosText, type MicroEuros, microEuros, microEurosFromNumeric } from '../../units/money.ts';
import type { Filter } from './entry.ts';

/** More than any one record can cost: the column holds less than ten thousand euros. */
const AMOUNT = '-?[0-9]{1,9}(\\.[0-9]{1,6})?';
const TAKES = 'takes euros, with a point and at most six decimals, such as 0.05';

/** One cost has one address: without zeros that say nothing. */
const amountText = (cost: MicroEuros) => eurosText(cost).replace(/\.?0+$/, '');

const bound = {
  many: false,
  schema: z
    .string(TAKES)
    .regex(new RegExp(`^${AMOUNT}$`), TAKES)
    .transform(microEurosFromNumeric),
  written: amountText,
  meant: (cost) => cost,
  also: 'or',
  isOfRecordedCost: true,
  said: (cost, { format }) => (cost % 10_000 === 0 ? format.euros(cost) : format.exactEuros(cost)),
} satisfies Partial<Filter<MicroEuros>>;

const fieldOf = (label: string, given: MicroEuros | null) =>
  ({
    place: 'more',
    label,
    kind: 'amount',
    value: given === null ? '' : amountText(given),
    most: 17,
    placeholder: '0.05',
    title: 'Euros, with a point and at most six decimals',
  }) as const;

const schema = { type: 'string', pattern: `^${AMOUNT}$` };

export const MIN_COST: Filter<MicroEuros> = {
  ...bound,
  parameter: 'minCost',
  clash: (cost, { maxCost }) =>
    typeof maxCost === 'number' && cost > maxCost
      ? `must not be more than maxCost (${amountText(maxCost as MicroEuros)})`
      : null,

  // PostgreSQL takes NaN for more than any number.
  where: (rows, cost) =>
    rows.whereRaw(`estimated_cost_in_euros >= ?::numeric AND NOT ${IS_NO_NUMBER}`, [eurosText(cost)]),
  rollups: { from: 'raw rows', counts: 'costs of at least an amount' },

  label: 'cost is at least',
  // One costs whole micro-euros.
  negated: (cost) => ({ parameter: 'maxCost', one: microEuros(cost - 1) }),
  field: (cost) => fieldOf('Cost of at least, €', cost),

  option: { value: 'EUROS', help: 'that cost at least so much, such as 0.05' },
  openapi: {
    description:
      'Only records that cost so many euros or more; not those whose cost is no number. Such records are counted from the ' +
      'records themselves: a window with very many may take longer than there is time, and then is a 503 that says so.',
    schema,
  },
};

export const MAX_COST: Filter<MicroEuros> = {
  ...bound,
  parameter: 'maxCost',

  where: (rows, cost) => rows.whereRaw('estimated_cost_in_euros <= ?::numeric', [eurosText(cost)]),
  rollups: { from: 'raw rows', counts: 'costs of at most an amount' },

  label: 'cost is at most',
  negated: (cost) => ({ parameter: 'minCost', one: microEuros(cost + 1) }),
  field: (cost) => fieldOf('Cost of at most, €', cost),

  option: { value: 'EUROS', help: 'that cost at most so much, such as 0.05' },
  openapi: {
    description: 'Only records that cost so many euros or less, as `minCost`; it must not be less than that.',
    schema,
  },
};
