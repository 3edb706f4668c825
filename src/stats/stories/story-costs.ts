import type { UsageFilter } from '../../query/filter.ts';
import { type MicroEuros, microEuros, NO_EUROS, plus } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import type { PriceList } from '../pricing/price-list.ts';
import { assertPricedOneByOne, eachOwnCall, keyOfId, readPricedCalls } from '../pricing/priced-calls.ts';
import type { UsageSource } from '../source.ts';
import { readTotals } from '../stats.ts';
import type { Sums } from '../sums.ts';
import { authorsOf, firstOf } from './ranking.ts';
import { readSumsBy, sumsOfIds } from './story-sums.ts';
import { costsOf } from './whole-days.ts';

/** A story and what its records in a window add up to; of several authors one is told. */
type StoryCost = Sums & { story: string; author: string };

/**
 * What the stories of a window cost, each by its records there. Half of the stories cost at most `median`, nine in ten at
 * most `p90` (both are the cost of a story, null without stories); `cheaper` cost less than the one that they are compared with.
 */
export type StoryCosts = {
  stories: number;
  total: Sums;
  median: MicroEuros | null;
  p90: MicroEuros | null;
  cheaper: number;
  /** The most expensive ones, highest first. */
  top: StoryCost[];
};

/** One that is compared with the others, by what it cost, and is none of them. */
export type Besides = { story: string; cost: MicroEuros };
export type StoryCostsAsked = { most: number; besides: Besides | null };

/** Numbers, lowest first. */
type Ascending = ArrayLike<number>;

/** How many of them are below a number, or `upTo` it. */
function howMany(ascending: Ascending, number: number, upTo: boolean): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = ascending[middle] as number;
    if (one < number || (upTo && one === number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Costs of many, some of which are replaced by others: none is moved for it. */
type Costs = { all: Ascending; gone: Ascending; come: Ascending };

const lengthOf = ({ all, gone, come }: Costs): number => all.length - gone.length + come.length;

const countOf = ({ all, gone, come }: Costs, cost: number, upTo: boolean): number =>
  howMany(all, cost, upTo) - howMany(gone, cost, upTo) + howMany(come, cost, upTo);

/** The smallest cost that at least this share of the costs does not exceed. */
function quantile(costs: Costs, share: number): MicroEuros | null {
  if (lengthOf(costs) === 0) return null;
  const wanted = Math.max(1, Math.ceil(share * lengthOf(costs)));
  const smallest = (ascending: Ascending): number => {
    let low = 0;
    let high = ascending.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (countOf(costs, ascending[middle] as number, true) < wanted) low = middle + 1;
      else high = middle;
    }
    return ascending[low] ?? Number.POSITIVE_INFINITY;
  };
  return microEuros(Math.min(smallest(costs.all), smallest(costs.come)));
}

/** How the costs of stories lie, and how many are less than one's. */
export type Spread = Pick<StoryCosts, 'stories' | 'median' | 'p90' | 'cheaper'>;

/** By a price list from every call of the window, or as recorded where that is null. @throws TooMuchToCount */
export async function readSpread(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  besides: Besides | null,
  list: PriceList | null,
): Promise<Spread> {
  if (list === null) return readStoryCosts(source, window, filter, { most: 0, besides });
  assertPricedOneByOne((await readTotals(source, window, filter)).requests);
  const costs = new Map<string, MicroEuros>();
  for (const calls of await readPricedCalls(source, window, filter, list, 'story'))
    eachOwnCall(calls, (story, cost) => costs.set(story, plus(costs.get(story) ?? NO_EUROS, cost)));
  if (besides !== null) costs.delete(keyOfId(besides.story));
  const none = new Float64Array();
  const others: Costs = { all: Float64Array.from(costs.values()).sort(), gone: none, come: none };
  return {
    stories: costs.size,
    median: quantile(others, 0.5),
    p90: quantile(others, 0.9),
    cheaper: besides === null ? 0 : countOf(others, besides.cost, false),
  };
}

/** Every statement about the recorded cost of stories in a window comes from here. */
export async function readStoryCosts(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  { most, besides }: StoryCostsAsked,
): Promise<StoryCosts> {
  const stories = await readSumsBy(source, window, filter, 'story');
  const { ofDays, changed } = stories;
  const itself = besides ? (await sumsOfIds(source, stories, [besides.story])).get(besides.story) : undefined;
  const ascending = (costs: number[]) => Float64Array.from(costs).sort();
  const gone = [...changed.values()].flatMap(({ place }) => (place === -1 ? [] : [ofDays.cost[place] as number]));
  const come = [...changed.values()].map(({ cost }) => cost as number);
  const costs: Costs = {
    all: costsOf(source.memory.wholeDays, ofDays),
    gone: ascending(itself === undefined ? gone : [...gone, itself.cost]),
    come: ascending(come),
  };
  const top = await firstOf(source, stories, most);
  const authors = await authorsOf(source, stories, top);
  return {
    stories: lengthOf(costs),
    total: stories.total,
    median: quantile(costs, 0.5),
    p90: quantile(costs, 0.9),
    cheaper: besides ? countOf(costs, besides.cost, false) : 0,
    top: top.map(({ id, place: _, author: __, ...sums }) => ({
      story: id,
      author: authors.get(id) as string,
      ...sums,
    })),
  };
}
