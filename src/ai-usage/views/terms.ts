import { z } from 'zod';
import type { QueryLimits } from '../../query/query.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { readableName, readFields, withoutAnswers } from '../../units/input/fields.ts';
import type { Instant } from '../../units/time.ts';
import type { ViewTerms } from './store.ts';
import { readPage } from './view-pages.ts';

const MOST_OF_A_NAME = 100;
const MOST_OF_AN_ADDRESS = 4_000;
const SHARED_TAKES = 'takes true (everybody’s) or false (mine)';
const ADDRESS_TAKES = `takes an address of at most ${MOST_OF_AN_ADDRESS} characters, such as /ai-usage?period=last-month`;

const shape = {
  name: readableName(MOST_OF_A_NAME),
  address: z.string(ADDRESS_TAKES).trim().min(1, ADDRESS_TAKES).max(MOST_OF_AN_ADDRESS, ADDRESS_TAKES),
  /** JSON says it as it is, a form as text. */
  shared: z
    .union([z.boolean(), z.enum(['true', 'false'])], SHARED_TAKES)
    .transform((value) => value === true || value === 'true')
    .default(false),
};
/** What an answer says besides. */
const READ_ONLY = ['id', 'owner', 'own', 'starred', 'page', 'calls', 'period', 'relative', 'problems'];

/** The problems of an address as those of a field that holds it. */
const ofTheAddress = ({ details }: BadInput): ParameterProblem[] =>
  details.map(({ parameter, message }) => ({
    parameter: 'address',
    message: parameter === 'address' ? message : `${parameter} ${message}`,
  }));

/**
 * Reads the fields of a form or a JSON object; the address comes out in its one spelling, as the page itself reads it.
 * @throws BadInput with every field that is wrong and what it takes
 */
export function parseView(given: unknown, limits: QueryLimits, at: Instant): ViewTerms {
  const { values, problems } = readFields(shape, withoutAnswers(given, READ_ONLY), 'a view');
  let address = '';
  try {
    if (values !== null) ({ address } = readPage(values.address, limits, at));
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    problems.push(...ofTheAddress(error));
  }
  if (values === null || problems.length > 0) throw new BadInput(problems);
  return { ...values, address };
}
