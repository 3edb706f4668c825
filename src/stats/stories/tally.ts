import { microEuros, NoNumber } from '../../units/money.ts';
import { pairSumColumns, type SumColumns } from '../rollups/story-pairs.ts';
import type { Sums } from '../sums.ts';

type Numbers = ArrayLike<number> & { length: number; subarray: (begin: number, end: number) => ArrayLike<number> };

/** Elements are widened so many at a time: the loop that adds them up knows one kind of number only. */
const CHUNK = 4_096;
const FIRST_CAPACITY = 1_024;

/** Sums by number, as they are added up. */
export type Tally = {
  /** Those with records. */
  active: number[];
  /** The sums of number n at place n. */
  columns: SumColumns;
  /** The number of an author of story n at place n, where stories are added up and it is known by one; else 0. */
  authorOf: Float64Array;
};

/** Adds up what comes in columns, by numbers that may be any: the arrays grow with the largest. */
export function createTally() {
  const active: number[] = [];
  let columns = pairSumColumns(FIRST_CAPACITY);
  let authorOf = new Float64Array(FIRST_CAPACITY);
  const chunks = { numbers: new Float64Array(CHUNK), authors: new Float64Array(CHUNK), ...pairSumColumns(CHUNK) };

  const holdUpTo = (largest: number) => {
    if (largest < columns.cost.length) return;
    const grown = pairSumColumns(Math.max(largest + 1, 2 * columns.cost.length));
    for (const name of ['requests', 'inputTokens', 'outputTokens', 'cost'] as const) grown[name].set(columns[name]);
    columns = grown;
    const grownAuthors = new Float64Array(grown.cost.length);
    grownAuthors.set(authorOf);
    authorOf = grownAuthors;
  };

  return {
    add: (numbers: Numbers, sums: Record<keyof Sums, Numbers>, authors: Numbers | null): void => {
      for (let begin = 0; begin < numbers.length; begin += CHUNK) {
        const end = Math.min(begin + CHUNK, numbers.length);
        chunks.numbers.set(numbers.subarray(begin, end));
        if (authors !== null) chunks.authors.set(authors.subarray(begin, end));
        chunks.requests.set(sums.requests.subarray(begin, end));
        chunks.inputTokens.set(sums.inputTokens.subarray(begin, end));
        chunks.outputTokens.set(sums.outputTokens.subarray(begin, end));
        chunks.cost.set(sums.cost.subarray(begin, end));
        let largest = 0;
        for (let i = 0; i < end - begin; i++) largest = Math.max(largest, chunks.numbers[i] as number);
        holdUpTo(largest);
        const { requests, inputTokens, outputTokens, cost } = columns;
        for (let i = 0; i < end - begin; i++) {
          const number = chunks.numbers[i] as number;
          // Every record is a request.
          if (requests[number] === 0) active.push(number);
          (requests[number] as number) += chunks.requests[i] as number;
          (inputTokens[number] as number) += chunks.inputTokens[i] as number;
          (outputTokens[number] as number) += chunks.outputTokens[i] as number;
          (cost[number] as number) += chunks.cost[i] as number;
          if (authors !== null) authorOf[number] = chunks.authors[i] as number;
        }
      }
    },

    /** What has been added. @throws NoNumber where a cost is none */
    sums: (): Tally => {
      for (const number of active) if (Number.isNaN(columns.cost[number])) throw new NoNumber('not an amount: NaN');
      return { active, columns, authorOf };
    },
  };
}

/** The sums at a place of columns. */
export const sumsAt = (
  { requests, inputTokens, outputTokens, cost }: Record<keyof Sums, ArrayLike<number>>,
  place: number,
): Sums => ({
  requests: requests[place] as number,
  inputTokens: inputTokens[place] as number,
  outputTokens: outputTokens[place] as number,
  cost: microEuros(cost[place] as number),
});
