import { z } from 'zod';
import { BadInput, type ParameterProblem } from '../failures/bad-input.ts';
import { nearest } from './nearest.ts';

/** A letter that can be seen, and none that PostgreSQL cannot hold or that turns a line around. */
const isReadable = (name: string) =>
  /[^\p{Cf}\p{Default_Ignorable_Code_Point}\s]/u.test(name) && !/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u.test(name);

/** A name that people give something, of at most so many characters. */
export function readableName(most: number, what = 'a name') {
  const takes = `takes ${what} of at most ${most} characters`;
  return z
    .string(takes)
    .trim()
    .refine((name) => name !== '' && Array.from(name).length <= most, { error: takes, abort: true })
    .refine(isReadable, `${takes}, without line breaks and other characters that cannot be seen`);
}

/** What was read of the fields of a form or a JSON object: the values, or null, and all that is wrong with them. */
export type ReadFields<Values> = { values: Values | null; problems: ParameterProblem[] };

const schemas = new WeakMap<z.ZodRawShape, z.ZodObject>();

/** Made once for each shape: a file has thousands of lines of one. */
function schemaOf<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  const schema = schemas.get(shape) ?? z.object(shape);
  schemas.set(shape, schema);
  return schema as z.ZodObject<Shape>;
}

/**
 * Reads the fields of a form or a JSON object; `what` takes them, as in "a budget takes name, amount". One that is not
 * known is a problem, with the one that was meant.
 * @throws BadInput for what is no object
 */
export function readFields<Shape extends z.ZodRawShape>(
  shape: Shape,
  body: unknown,
  what: string,
): ReadFields<z.infer<z.ZodObject<Shape>>> {
  const names = Object.keys(shape);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new BadInput([
      {
        parameter: 'body',
        message: `takes an object with ${names.join(', ')}${body === undefined ? ', sent as application/json' : ''}`,
      },
    ]);
  const parsed = schemaOf(shape).safeParse(body);
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => ({ parameter: String(path[0] ?? 'body'), message }));
  return { values: parsed.success ? parsed.data : null, problems: [...unknownFields(names, body, what), ...wrong] };
}

/** A body without what only an answer says: programs may send back what they have read, with something of it changed. */
export const withoutAnswers = (body: unknown, answers: readonly string[]): unknown =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
    ? Object.fromEntries(Object.entries(body).filter(([name]) => !answers.includes(name)))
    : body;

function unknownFields(names: string[], body: object, what: string): ParameterProblem[] {
  return Object.keys(body)
    .filter((name) => !names.includes(name))
    .map((parameter) => {
      const near = nearest(parameter, names);
      const instead = near ? `did you mean ${near}?` : `${what} takes ${names.join(', ')}`;
      return { parameter, message: `is not known here; ${instead}` };
    });
}
