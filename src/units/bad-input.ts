export type ParameterProblem = { parameter: string; message: string };

/** Input that a person or program can correct: which parameter, and what it takes. Answered as a 400. */
export class BadInput extends Error {
  readonly details: ParameterProblem[];
  constructor(details: ParameterProblem[]) {
    super(details.map(({ parameter, message }) => `${parameter}: ${message}`).join('; '));
    this.details = details;
  }
}
