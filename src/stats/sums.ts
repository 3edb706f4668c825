import { COST_OF_ROW, IS_NO_NUMBER } from '../db/row-sql.ts';
import type { Plain } from '../units/brand.ts';
import { exactInteger } from '../units/integer.ts';
import { type MicroEuros, microEurosFromNumeric, minus, NO_EUROS, plus } from '../units/money.ts';

/** An action and a model that have come together; one object for all that is of both. */
export type UsageKind = { action: string; model: string };

/** A whole number of requests or of tokens. */
export type Count = Plain<number>;

/** Sums over records: whole numbers, tokens and micro-euros. */
export type Sums = { requests: Count; inputTokens: Count; outputTokens: Count; cost: MicroEuros };

/** The same as PostgreSQL prints them. */
export type SumRow = { requests: string; input: string; output: string; cost: string };

/** The columns of a SumRow, of raw rows. */
export const SUM_RAW = `count(*) AS requests, coalesce(sum(input_tokens), 0) AS input, coalesce(sum(output_tokens), 0) AS output,
  coalesce(sum(${COST_OF_ROW}), 0) AS cost`;
/** How many of the requests have a cost that is no number. */
export const NO_NUMBER_RAW = `count(*) FILTER (WHERE ${IS_NO_NUMBER}) AS no_number`;

/** Reads the sums that PostgreSQL prints. @throws RangeError beyond a safe integer; NoNumber for a cost that is none */
export function sumsOf({ requests, input, output, cost }: SumRow): Sums {
  return {
    requests: exactInteger(requests),
    inputTokens: exactInteger(input),
    outputTokens: exactInteger(output),
    cost: microEurosFromNumeric(cost),
  };
}

/** A sum of nothing, to add to: new each time, for it is changed. */
export const noSums = (): Sums => ({ requests: 0, inputTokens: 0, outputTokens: 0, cost: NO_EUROS });

/** Adds to `sums` itself: thousands of additions a request make no objects. */
export function addTo(sums: Sums, more: Sums): void {
  sums.requests += more.requests;
  sums.inputTokens += more.inputTokens;
  sums.outputTokens += more.outputTokens;
  sums.cost = plus(sums.cost, more.cost);
}

/** Whole numbers, so the order of adding does not matter. */
export function sumOf(parts: Sums[]): Sums {
  const total = noSums();
  for (const part of parts) addTo(total, part);
  return total;
}

export const totalTokens = ({ inputTokens, outputTokens }: Sums): number => inputTokens + outputTokens;

/** What is left of a total without some of its parts. */
export function restOf(total: Sums, parts: Sums[]): Sums {
  const { requests, inputTokens, outputTokens, cost } = sumOf(parts);
  return {
    requests: total.requests - requests,
    inputTokens: total.inputTokens - inputTokens,
    outputTokens: total.outputTokens - outputTokens,
    cost: minus(total.cost, cost),
  };
}

/** The sums of one bucket, action and model: what every statistic is added up from. `noNumber`: requests without a cost that is a number. */
export type UsageCell = Sums & { bucket: string; action: string; model: string; noNumber: number };

/** The one place where cells are made: all of one shape, which thousands of additions a request run on several times faster. */
export function usageCellOf(
  bucket: string,
  action: string,
  model: string,
  { requests, inputTokens, outputTokens, cost }: Sums,
  noNumber: number,
): UsageCell {
  return { bucket, action, model, requests, inputTokens, outputTokens, cost, noNumber };
}
