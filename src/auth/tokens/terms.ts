import { z } from 'zod';
import { BadInput } from '../../units/failures/bad-input.ts';
import { readableName, readFields } from '../../units/input/fields.ts';
import { SCOPES, type Scope } from './scopes.ts';
import type { TokenTerms } from './store.ts';

export const MOST_DAYS = 366;
export const DAYS = 90;
const DAYS_TAKES = `takes a number of days, 1 to ${MOST_DAYS}`;
const SCOPES_TAKES = `takes one or several of ${SCOPES.join(', ')}`;

const SHAPE = {
  name: readableName(100),
  // A form has one as text, several as a list.
  scopes: z
    .union([z.string().transform((scope) => [scope]), z.array(z.string())], SCOPES_TAKES)
    .refine((scopes) => scopes.length > 0 && scopes.every((scope) => SCOPES.includes(scope as Scope)), SCOPES_TAKES)
    .transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope))),
  days: z
    .string(DAYS_TAKES)
    .trim()
    .regex(/^(\d{1,3})?$/, DAYS_TAKES)
    .transform((days) => (days === '' ? DAYS : Number(days)))
    .refine((days) => days >= 1 && days <= MOST_DAYS, DAYS_TAKES)
    .default(DAYS),
};

/** @throws BadInput with every field that is wrong and what it takes */
export function parseToken(body: unknown): TokenTerms {
  const { values, problems } = readFields(SHAPE, body, 'a token');
  if (values === null || problems.length > 0) throw new BadInput(problems);
  return values;
}
