import { elementsOf } from '../../db/arrays.ts';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import { type SumRow, type Sums, sumsOf } from '../sums.ts';

/**
 * Stories and their authors by number instead of by two uuids, which keeps what each story had in 20 bytes. A pair is a story
 * and one of its authors. A story is called by the number of its first pair; nearly every story has one author, and then the two are the
 * same number. An author has a number of its own.
 */
export type Pairs = {
  stories: string[];
  /** By pair: the number of the story's first pair. */
  storyOf: number[];
  /** By pair: the number of its author. */
  authorOf: number[];
  authors: string[];
  firstOfStory: Map<string, number>;
  ofAuthor: Map<string, number>;
  /** Further pairs of stories with several authors, by both numbers. */
  further: Map<string, number>;
};

/** Sums of pairs, stories or authors: four arrays, the sums of number n at place n. */
export type SumColumns = Record<keyof Sums, Float64Array>;

/** Whole numbers, in half of the memory where all of them fit into 32 bits. */
type Numbers = Float64Array | Uint32Array;

/** What some pairs had: five arrays of one length, `pair` holding the numbers. A pair may come more than once. */
export type PairSums = Record<keyof Sums, Numbers> & { pair: Int32Array };

export const noKnownPairs = (): Pairs => ({
  stories: [],
  storyOf: [],
  authorOf: [],
  authors: [],
  firstOfStory: new Map(),
  ofAuthor: new Map(),
  further: new Map(),
});

function numberOfAuthor({ authors, ofAuthor }: Pairs, author: string): number {
  const known = ofAuthor.get(author);
  if (known !== undefined) return known;
  const number = authors.push(author) - 1;
  ofAuthor.set(author, number);
  return number;
}

export function numberOfPair(pairs: Pairs, story: string, author: string): number {
  const { stories, storyOf, authorOf, firstOfStory, further } = pairs;
  const byAuthor = numberOfAuthor(pairs, author);
  const first = firstOfStory.get(story);
  if (first !== undefined && authorOf[first] === byAuthor) return first;
  const key = `${first} ${byAuthor}`;
  const known = further.get(key);
  if (known !== undefined) return known;
  const number = stories.push(story) - 1;
  storyOf.push(first ?? number);
  authorOf.push(byAuthor);
  if (first === undefined) firstOfStory.set(story, number);
  else further.set(key, number);
  return number;
}

export const pairSumColumns = (length: number): SumColumns => ({
  requests: new Float64Array(length),
  inputTokens: new Float64Array(length),
  outputTokens: new Float64Array(length),
  cost: new Float64Array(length),
});

export type PairRow = SumRow & { story: string; author: string };

/** Sums of pairs as they are put together. */
export type PairLists = Record<keyof PairSums, number[]>;

export const noPairs = (): PairLists => ({ pair: [], requests: [], inputTokens: [], outputTokens: [], cost: [] });

export function addPair(lists: PairLists, pair: number, { requests, inputTokens, outputTokens, cost }: Sums): void {
  lists.pair.push(pair);
  lists.requests.push(requests);
  lists.inputTokens.push(inputTokens);
  lists.outputTokens.push(outputTokens);
  lists.cost.push(cost);
}

const numbers = (list: number[]): Numbers =>
  list.every((number) => number >= 0 && number <= 0xffff_ffff) ? new Uint32Array(list) : new Float64Array(list);

export const packed = ({ pair, requests, inputTokens, outputTokens, cost }: PairLists): PairSums => ({
  pair: new Int32Array(pair),
  requests: numbers(requests),
  inputTokens: numbers(inputTokens),
  outputTokens: numbers(outputTokens),
  cost: numbers(cost),
});

export function pairSums(pairs: Pairs, rows: PairRow[]): PairSums {
  const lists = noPairs();
  for (const row of rows) addPair(lists, numberOfPair(pairs, row.story, row.author), sumsOf(row));
  return packed(lists);
}

/** What some pairs had: ids, and arrays as long that PostgreSQL has printed, for the driver's own reading of them takes several times as long. */
export type PairArrays = Record<'stories' | 'authors', string[]> &
  Record<'requests' | 'input' | 'output' | 'cost', string>;

/** Adds the n-th elements of the arrays, for each n. */
export function addArrays(lists: PairLists, pairs: Pairs, arrays: PairArrays): void {
  const requests = elementsOf(arrays.requests);
  const input = elementsOf(arrays.input);
  const output = elementsOf(arrays.output);
  const cost = elementsOf(arrays.cost);
  arrays.stories.forEach((story, i) => {
    addPair(lists, numberOfPair(pairs, story, arrays.authors[i] as string), {
      requests: exactInteger(requests[i] as string),
      inputTokens: exactInteger(input[i] as string),
      outputTokens: exactInteger(output[i] as string),
      cost: microEurosFromNumeric(cost[i] as string),
    });
  });
}
