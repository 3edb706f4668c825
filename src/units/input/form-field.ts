import type { ParameterProblem } from '../failures/bad-input.ts';

/** A field of a form, ready to print: what was entered, and what is wrong with it. */
export type FormField<Value = string> = { value: Value; problem: string | null };

/** What is wrong with a field, as one text. */
export function problemOf(problems: readonly ParameterProblem[], name: string): string | null {
  const messages = problems.filter(({ parameter }) => parameter === name).map(({ message }) => message);
  return messages.join('; ') || null;
}

/** What is wrong with no field that a form shows, a line each. */
export function otherProblems(problems: readonly ParameterProblem[], shown: readonly string[]): string[] {
  return problems
    .filter(({ parameter }) => !shown.includes(parameter))
    .map(({ parameter, message }) => `${parameter} ${message}`);
}
