import { z } from 'zod';
import { filterText, queryOfFilter } from '../query/filter-text.ts';
import { COSTS } from '../query/view.ts';
import type { BudgetTerms } from '../stats/budgets/budgets.ts';
import type { Day } from '../units/calendar.ts';
import { PERS } from '../units/calendar-period.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import { readableName, readFields, withoutAnswers } from '../units/input/fields.ts';
import { microEurosFromNumeric } from '../units/money.ts';
import { type Instant, parseDay } from '../units/time.ts';

const MOST_OF_A_NAME = 100;
const MOST_OF_A_FILTER = 4_000;
const AMOUNT_TAKES = 'takes euros above 0, with at most six decimals, such as 250 or 48.20';
const FROM_TAKES = 'takes the first day of the amount, such as 2026-12-01';

/** JSON has amounts as numbers, a form as text. */
const amount = z
  .union([z.string(), z.number()], AMOUNT_TAKES)
  .transform(String)
  .pipe(
    z
      .string()
      .trim()
      .regex(/^\d{1,9}(\.\d{1,6})?$/, AMOUNT_TAKES)
      .transform(microEurosFromNumeric)
      .refine((micro) => micro > 0, AMOUNT_TAKES),
  );

const shape = {
  name: readableName(MOST_OF_A_NAME),
  amount,
  per: z.enum(PERS, `takes ${PERS.join(', ')}`),
  filter: z
    .string('takes the filters of an address, such as model=gpt-5')
    .max(MOST_OF_A_FILTER, `takes at most ${MOST_OF_A_FILTER} characters`)
    .default(''),
  cost: z.enum(COSTS, `takes ${COSTS.join(' or ')}`).default('recorded'),
  from: z
    .string(FROM_TAKES)
    .trim()
    .refine((text) => text === '' || parseDay(text) !== null, FROM_TAKES)
    .transform((text) => (text === '' ? null : parseDay(text)))
    .nullable()
    .default(null),
};
/** What an answer says besides. */
const READ_ONLY = [
  ...['id', 'owner', 'to', 'used', 'left', 'usedShare', 'expected', 'forecast', 'forecastRange', 'runsOutOn'],
  ...['unpriced', 'amounts', 'history', 'timeZone', 'asOf'],
];

/**
 * What somebody asks a budget to be; `from` is the first day of its amount, null for the running period. `readBack`: a program sends
 * what it has read, where `from` is the first day of that period.
 */
export type AskedBudget = { terms: BudgetTerms; from: Day | null; readBack: boolean };

/**
 * Reads the fields of a form or a JSON object.
 * @throws BadInput with every field that is wrong and what it takes
 */
export function parseBudget(given: unknown, limits: { timeZone: string }, at: Instant): AskedBudget {
  const body = withoutAnswers(given, READ_ONLY);
  const { values, problems } = readFields(shape, body, 'a budget');
  const filter = (body as { filter?: unknown }).filter;
  let canonical = '';
  try {
    if (typeof filter === 'string') canonical = filterText(queryOfFilter(filter, limits, at));
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    if (!problems.some(({ parameter }) => parameter === 'filter')) problems.push(...error.details);
  }
  if (values === null || problems.length > 0) throw new BadInput(problems);
  const { name, amount, per, cost, from } = values;
  return { terms: { name, amount, per, filter: canonical, cost }, from, readBack: 'amounts' in (given as object) };
}
