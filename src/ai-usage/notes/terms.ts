import { z } from 'zod';
import { filterText, queryOfFilter } from '../../query/filter-text.ts';
import { FILTER_NAMES, type FilterName, filterOfName, valuesOf } from '../../query/filters/registry.ts';
import type { NoteTerms } from '../../stats/notes/notes.ts';
import { daysBetween } from '../../units/calendar.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { readableName, readFields, withoutAnswers } from '../../units/input/fields.ts';
import { type Instant, parseDay } from '../../units/time.ts';

const MOST_OF_A_TEXT = 200;
const MOST_OF_A_FILTER = 4_000;
const FIRST_TAKES = 'takes a day, such as 2026-11-14';
const LAST_TAKES = 'takes a day, such as 2026-11-20, that is not before the first; or nothing where it is one day';

/** What a note can be about: that of which a view says whether it could hold it. */
const ABOUT: readonly FilterName[] = ['models', 'actions', 'providers', 'author', 'story'];

const shape = {
  text: readableName(MOST_OF_A_TEXT, 'a line'),
  first: z.string(FIRST_TAKES).trim(),
  last: z.string(LAST_TAKES).trim().nullable().default(''),
  filter: z
    .string('takes the filters of an address, such as model=gpt-5')
    .max(MOST_OF_A_FILTER, `takes at most ${MOST_OF_A_FILTER} characters`)
    .default(''),
};
/** What an answer says besides. */
const READ_ONLY = ['id', 'calls', 'writer', 'own', 'writtenAt', 'changedAt', 'changedBy'];

function readFilter(text: string, limits: { timeZone: string }, at: Instant): string {
  const query = queryOfFilter(text, limits, at);
  const others = FILTER_NAMES.filter((name) => !ABOUT.includes(name) && valuesOf(query, name).length > 0);
  if (others.length === 0) return filterText(query);
  const takes = ABOUT.map((name) => filterOfName(name).parameter).join(', ');
  const not = others.map((name) => filterOfName(name).parameter).join(', ');
  throw new BadInput([{ parameter: 'filter', message: `takes ${takes}, and not ${not}` }]);
}

/**
 * Reads the fields of a form or a JSON object; a note of one day may leave its last out.
 * @throws BadInput with every field that is wrong and what it takes
 */
export function parseNote(given: unknown, limits: { timeZone: string }, at: Instant): NoteTerms {
  const { values, problems } = readFields(shape, withoutAnswers(given, READ_ONLY), 'a note');
  if (values === null) throw new BadInput(problems);
  const first = parseDay(values.first);
  const last = values.last ? parseDay(values.last) : first;
  const wrong = (parameter: string, message: string): ParameterProblem => ({ parameter, message });
  if (first === null) problems.push(wrong('first', FIRST_TAKES));
  else if (last === null || daysBetween(first, last) < 0) problems.push(wrong('last', LAST_TAKES));
  let filter = '';
  try {
    filter = readFilter(values.filter, limits, at);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    problems.push(...error.details);
  }
  if (problems.length > 0 || first === null || last === null) throw new BadInput(problems);
  return { text: values.text, first, last, filter };
}
