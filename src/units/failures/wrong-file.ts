import { BadInput, type ParameterProblem } from './bad-input.ts';

/** More help nobody. */
const MOST_SAID = 50;

/** What is wrong with a file; of many problems the first. */
export function wrongFile(problems: ParameterProblem[]): BadInput {
  const more = problems.length - MOST_SAID;
  if (more <= 0) return new BadInput(problems);
  const rest = { parameter: 'The file', message: `has ${more} more such ${more === 1 ? 'problem' : 'problems'}` };
  return new BadInput([...problems.slice(0, MOST_SAID), rest]);
}
