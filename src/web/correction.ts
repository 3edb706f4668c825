import type { ParameterProblem } from '../units/failures/bad-input.ts';
import { type DateField, dateField } from '../units/input/date-field.ts';

/** A form with what was typed, the wrong fields beside what is said of them: an answer has nothing else of the form that was sent. */
export type Correction = {
  action: string;
  hidden: { name: string; value: string }[];
  fields: (DateField & { name: string; message: string | null })[];
};

/** Whoever corrects one end of a window looks at both. */
const ENDS = ['from', 'to'];
const MOST_FIELDS = 200;
/** What else stands in an address was understood by nobody, and is not sent again. */
const OUR_NAMES = /^[a-z]+$/i;

/** Null where the address holds nothing of what is wrong, or more than a form of ours has. */
export function correctionOf(
  path: string,
  query: Record<string, unknown>,
  problems: ParameterProblem[],
): Correction | null {
  const messages = new Map(problems.map(({ parameter, message }) => [parameter, message]));
  const ofEnds = ENDS.some((end) => messages.has(end));
  const given = Object.entries(query).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => ({ name, value: String(value) })),
  );
  const isShown = ({ name }: { name: string }) => messages.has(name) || (ofEnds && ENDS.includes(name));
  const fields = given.filter(isShown).map(({ name, value }) => ({
    ...(ENDS.includes(name) ? dateField(value) : { type: 'text' as const, value }),
    name,
    message: messages.get(name) ?? null,
  }));
  if (fields.length === 0 || given.length > MOST_FIELDS) return null;
  return {
    action: path,
    hidden: given.filter((one) => !isShown(one) && OUR_NAMES.test(one.name) && one.value !== ''),
    fields,
  };
}
