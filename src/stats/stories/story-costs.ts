import type { UsageFilter } from '../../query/filter.ts';
import { type MicroEuros, microEuros } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import type { UsageSource } from '../source.ts';
import type { Sums } from '../sums.ts';
import { ranked, readSumsBy } from './story-sums.ts';

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

/** `besides`: one that is compared with the others, by what it cost, and is none of them. */
export type StoryCostsAsked = { most: number; besides: { story: string; cost: MicroEuros } | null };

/** The smallest cost that at least this share of the costs does not exceed. */
function quantile(ascending: Float64Array, share: number): MicroEuros | null {
  const cost = ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)];
  return cost === undefined ? null : microEuros(cost);
}

/** Every statement about the cost of stories in a window comes from here. */
export async function readStoryCosts(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  { most, besides }: StoryCostsAsked,
): Promise<StoryCosts> {
  const stories = await readSumsBy(source, window, filter, 'story');
  const { names, authorOf } = stories;
  const itself = besides ? (await names.numbersOf([besides.story])).get(besides.story) : undefined;
  const others = stories.active.filter((number) => number !== itself);
  const costs = Float64Array.from(others, (number) => stories.columns.cost[number] as number).sort();
  const { total, top } = await ranked(stories, most);
  const authors = await names.authorsOf(
    top.map(({ number }) => number),
    authorOf,
  );
  return {
    stories: costs.length,
    total,
    median: quantile(costs, 0.5),
    p90: quantile(costs, 0.9),
    cheaper: besides ? costs.filter((one) => one < besides.cost).length : 0,
    top: top.map(({ id, number, ...sums }) => ({ story: id, author: authors.get(number) as string, ...sums })),
  };
}
