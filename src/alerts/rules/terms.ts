import { z } from 'zod';
import { filterText, queryOfFilter } from '../../query/filter-text.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { readableName, readFields, withoutAnswers } from '../../units/input/fields.ts';
import type { Instant } from '../../units/time.ts';
import type { RuleTerms } from '../store/rules.ts';
import { emptyAs, wholeField } from './fields.ts';
import { RULE_TYPE_NAMES, ruleTypeOf } from './registry.ts';

const MOST_OF_A_NAME = 100;
const MOST_OF_A_FILTER = 4_000;
const MOST_CHANNELS = 20;
const CHANNELS_TAKE = `takes at most ${MOST_CHANNELS} ids of channels`;
const MUTED_TAKES = 'takes true or false';

/** What every rule takes besides the fields of its type. */
const SHARED = {
  name: readableName(MOST_OF_A_NAME),
  type: z.enum(RULE_TYPE_NAMES, `takes ${RULE_TYPE_NAMES.join(', ')}`),
  filter: z
    .string('takes the filters of an address, such as model=gpt-5')
    .max(MOST_OF_A_FILTER, `takes at most ${MOST_OF_A_FILTER} characters`)
    .default(''),
  channels: z.preprocess(
    (given) => [given ?? []].flat().filter((one) => one !== ''),
    z.array(z.uuid(CHANNELS_TAKE), CHANNELS_TAKE).max(MOST_CHANNELS, CHANNELS_TAKE),
  ),
  evaluations: emptyAs(
    1,
    wholeField({ least: 1, most: 60, takes: 'takes how many checks in a row it takes to fire, 1 to 60' }),
  ),
  remindHours: emptyAs(
    null,
    wholeField({
      least: 1,
      most: 720,
      takes: 'takes after how many hours it is told again, 1 to 720, or nothing',
    }).nullable(),
  ),
  muted: z.preprocess(
    (given) => (given === 'true' || given === 'on' ? true : given === 'false' || given === undefined ? false : given),
    z.boolean(MUTED_TAKES),
  ),
  owner: z.string('takes the address of whoever made it, and is not changed').optional(),
};

/** What an answer says besides, and what the form of a rule does. */
const READ_ONLY = [
  'id',
  'url',
  'state',
  'value',
  'error',
  'evaluatedUntil',
  'evaluatedAt',
  'tookMs',
  'sentence',
  'tellsNobody',
  'measured',
  'filterOf',
  'unpriced',
];

const shapeOfType = (name: (typeof RULE_TYPE_NAMES)[number]): z.ZodRawShape => {
  const { schema } = ruleTypeOf(name);
  return schema instanceof z.ZodObject ? schema.shape : {};
};

/** The fields of the type that a body names. Where none is known by that name it alone is wrong: any type's fields may stand beside it. */
function shapeOf(body: unknown): z.ZodRawShape {
  const { type } = (body ?? {}) as { type?: unknown };
  const name = RULE_TYPE_NAMES.find((one) => one === type);
  if (name !== undefined) return shapeOfType(name);
  const fields = RULE_TYPE_NAMES.flatMap((one) => Object.keys(shapeOfType(one)));
  return Object.fromEntries(fields.map((field) => [field, z.unknown().optional()]));
}

/**
 * Reads the fields of a form or a JSON object, but for what is to be found in a database (its budget and its channels).
 * @throws BadInput with every field that is wrong and what it takes
 */
export function parseRule(given: unknown, limits: { timeZone: string }, at: Instant): RuleTerms {
  const body = withoutAnswers(given, READ_ONLY);
  const own = shapeOf(body);
  const { values, problems } = readFields({ ...SHARED, ...own }, body, 'such a rule');
  const { filter } = (body ?? {}) as { filter?: unknown };
  let canonical = '';
  try {
    if (typeof filter === 'string') canonical = filterText(queryOfFilter(filter, limits, at));
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    if (!problems.some(({ parameter }) => parameter === 'filter')) problems.push(...error.details);
  }
  if (values === null) throw new BadInput(problems);
  const { name, type, channels, evaluations, remindHours, muted } = values as RuleTerms;
  const fields = Object.fromEntries(Object.keys(own).map((key) => [key, (values as Record<string, unknown>)[key]]));
  const found: ParameterProblem | null = ruleTypeOf(type).clash?.(fields) ?? null;
  if (found !== null) problems.push(found);
  if ('budget' in own && canonical !== '')
    problems.push({ parameter: 'filter', message: 'goes without: which calls is said by the budget' });
  if (problems.length > 0) throw new BadInput(problems);
  return { name, type, filter: canonical, fields, evaluations, remindHours, channels: [...new Set(channels)], muted };
}
