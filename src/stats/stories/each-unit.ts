import type { MicroEuros } from '../../units/money.ts';
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
  const elsewhere = new Set([...changed.values()].map(({ place }) => place));
  for (let place = 0; place < ofDays.numbers.length; place++) {
    if (elsewhere.has(place)) continue;
    tell(ofDays.numbers[place] as number, ofDays.cost[place] as number, ofDays.requests[place] as number);
  }
  const unplaced = [...changed.values()].filter(({ place }) => place === -1).map(({ id }) => id);
  const numbers = await lookUpNumbers(backoffice, memory.numbers, by, unplaced);
  for (const { id, place, cost, requests } of changed.values())
    tell(place === -1 ? (numbers.get(id) ?? id) : (ofDays.numbers[place] as number), cost, requests);
}

/** In which month each story began, by its place among them, and what all its calls of the window cost. */
export type Begun = Map<UnitKey, { month: number; cost: MicroEuros }>;
