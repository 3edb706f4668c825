export type ParameterProblem = { parameter: string; message: string };

/** Input that a person or program can correct: which parameter, and what it takes. Answered as a 400. */
export class BadInput extends Error {
  readonly details: ParameterProblem[];
  constructor(details: ParameterProblem[]) {
    super(details.map(({ parameter, message }) => `${parameter}: ${message}`).join('; '));
    this.details = details;
  }
}

/** What is wrong, a line each; nothing where there is no error. */
export const problemsOf = (error: BadInput | null): string[] =>
  error === null ? [] : error.details.map(({ parameter, message }) => `${parameter} ${message}`);

/**
 * The values of parameters that are taken once each; empty ones are not given.
 * @throws BadInput with those that are given more than once
 */
export function takenOnce<Name extends string>(
  parameters: Record<string, unknown>,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const problems: ParameterProblem[] = [];
  const taken: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const values = [parameters[name]].flat().filter((value) => value !== undefined && value !== '');
    if (values.length > 1) problems.push({ parameter: name, message: 'is given more than once' });
    else if (values.length === 1) taken[name] = String(values[0]);
  }
  if (problems.length > 0) throw new BadInput(problems);
  return taken;
}
