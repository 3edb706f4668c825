import { type MicroEuros, microEuros } from '../../units/money.ts';
import { lookUpNumbers } from '../rollups/packed/numbers.ts';
import type { UsageSource } from '../source.ts';
import type { SumsBy, TopBy } from './story-sums.ts';

/** A story or an author of the rollups by its number, or by its id where they have none for it. */
export type UnitKey = number | string;

/** Tells what each had. */
export async function eachUnit(
  { backoffice, memory }: UsageSource,
  by: TopBy,
  { ofDays, changed }: SumsBy,
  tell: (key: UnitKey, cost: number, requests: number) => void,
): Promise<void> {
  const isElsewhere = new Uint8Array(ofDays.numbers.length);
  for (const { place } of changed.values()) if (place !== -1) isElsewhere[place] = 1;
  for (let place = 0; place < ofDays.numbers.length; place++) {
    if (isElsewhere[place] === 1) continue;
    tell(ofDays.numbers[place] as number, ofDays.cost[place] as number, ofDays.requests[place] as number);
  }
  const unplaced = [...changed.values()].filter(({ place }) => place === -1).map(({ id }) => id);
  const numbers = await lookUpNumbers(backoffice, memory.numbers, by, unplaced);
  for (const { id, place, cost, requests } of changed.values())
    tell(place === -1 ? (numbers.get(id) ?? id) : (ofDays.numbers[place] as number), cost, requests);
}

/** In which month each story began, by the place of the month, and what all its calls of the window cost. */
export type Begun = {
  /** Adds what a story cost in a month; months are added in their order. */
  add: (story: UnitKey, month: number, cost: number) => void;
  /** -1 for a story that did not begin. */
  monthOf: (story: UnitKey) => number;
  /** What the stories of each of so many months cost. */
  costs: (months: number) => MicroEuros[][];
};

const FIRST_STORIES = 1_024;

/** By number in columns: a window has hundreds of thousands of stories, and of each action and model they are looked for again. */
export function noneBegun(): Begun {
  let months = new Int8Array(FIRST_STORIES).fill(-1);
  let sums = new Float64Array(FIRST_STORIES);
  const others = new Map<string, { month: number; cost: number }>();
  const holdUpTo = (number: number) => {
    if (number < months.length) return;
    const size = Math.max(number + 1, 2 * months.length);
    const grown = { months: new Int8Array(size).fill(-1), sums: new Float64Array(size) };
    grown.months.set(months);
    grown.sums.set(sums);
    ({ months, sums } = grown);
  };
  return {
    add: (story, month, cost) => {
      if (typeof story === 'number') {
        holdUpTo(story);
        if (months[story] === -1) months[story] = month;
        (sums[story] as number) += cost;
      } else {
        const one = others.get(story) ?? { month, cost: 0 };
        one.cost += cost;
        others.set(story, one);
      }
    },
    monthOf: (story) => (typeof story === 'number' ? months[story] : others.get(story)?.month) ?? -1,
    costs: (count) => {
      const costs = Array.from({ length: count }, (): MicroEuros[] => []);
      months.forEach((month, number) => {
        if (month !== -1) costs[month]?.push(microEuros(sums[number] as number));
      });
      for (const { month, cost } of others.values()) costs[month]?.push(microEuros(cost));
      return costs;
    },
  };
}
