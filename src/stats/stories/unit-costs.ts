import { splitFilter, type UsageFilter } from '../../query/filter.ts';
import { compareDays, type Day, firstDayOf, type Month } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { average, type MicroEuros, microEuros } from '../../units/money.ts';
import { earliest, isOfNoTime, latest, startOfDay, type Window } from '../../units/time.ts';
import type { UsageSource } from '../source.ts';
import { bucketOf, group, readCells } from '../stats.ts';
import type { Count } from '../sums.ts';
import { eachUnit, noneBegun } from './each-unit.ts';
import { readSumsBy } from './story-sums.ts';
import { readUnitCauses, type UnitCauses } from './unit-causes.ts';

/** What pages of a story are, each by the action whose calls make one. */
const PAGE_ACTIONS = { chapters: 'chapter_writing', images: 'image_generation' } as const;

/** How many there were of something in a month, what they cost together, and what half and nine in ten of them cost at most; null without any. */
export type UnitCost = { count: Count; cost: MicroEuros; median: MicroEuros | null; p90: MicroEuros | null };

export const UNITS_OF_COST = ['stories', 'chapters', 'images', 'authors'] as const;
export type UnitOfCost = (typeof UNITS_OF_COST)[number];

/**
 * `stories` began in the month and count whole, with all their calls of the window. `chapters` and `images` are calls of the month: their spread is that
 * of what one cost on average in each story. `authors` had calls in the month, and count with those.
 */
export type MonthOfUnits = { month: Month } & Record<UnitOfCost, UnitCost>;

/** Oldest first; `earlier` months of the window are left out. */
export type UnitCosts = { months: MonthOfUnits[]; earlier: number; causes: UnitCauses | null };

const MOST_MONTHS = 24;

/** Several costs, of which the smallest is told that a share of them does not exceed. */
function spreadOf(costs: readonly number[]): Pick<UnitCost, 'median' | 'p90'> {
  const ascending = Float64Array.from(costs).sort();
  const at = (share: number) =>
    ascending.length === 0
      ? null
      : microEuros(ascending[Math.max(1, Math.ceil(share * ascending.length)) - 1] as number);
  return { median: at(0.5), p90: at(0.9) };
}

const unitCost = (costs: readonly MicroEuros[]): UnitCost => ({
  count: costs.length,
  cost: microEuros(costs.reduce((sum, cost) => sum + cost, 0)),
  ...spreadOf(costs),
});

const NO_UNITS: UnitCost = { count: 0, cost: microEuros(0), median: null, p90: null };

/** Calls of one action in a window, by story. */
async function readPages(source: UsageSource, window: Window, filter: UsageFilter, action: string): Promise<UnitCost> {
  if (filter.actions !== null && !filter.actions.includes(action)) return NO_UNITS;
  const sums = await readSumsBy(source, window, { ...filter, actions: [action] }, 'story');
  const each: number[] = [];
  await eachUnit(source, 'story', sums, (_story, cost, requests) => each.push(average(microEuros(cost), requests)));
  return { count: sums.total.requests, cost: sums.total.cost, ...spreadOf(each) };
}

async function readAuthors(source: UsageSource, window: Window, filter: UsageFilter): Promise<UnitCost> {
  const costs: MicroEuros[] = [];
  const sums = await readSumsBy(source, window, filter, 'author');
  await eachUnit(source, 'author', sums, (_author, cost) => costs.push(microEuros(cost)));
  return unitCost(costs);
}

/** What a story, a chapter, an image and an author cost, month by month, from rollups: exactly what the records add up to. */
export async function readUnitCosts(source: UsageSource, window: Window, filter: UsageFilter): Promise<UnitCosts> {
  if (isOfNoTime(window)) return { months: [], earlier: 0, causes: null };
  const { timeZone } = source;
  const cells = await readCells(source, window, filter, 'month');
  const all = [...group(cells, bucketOf.month).keys()].sort(compareDays) as Month[];
  const months = all.slice(-MOST_MONTHS);
  const windowOf = (month: Month): { from: bigint; to: bigint } & Window => {
    const { first, next } = periodOf(firstDayOf(month), 'month');
    const from = startOfDay(first as Day, timeZone);
    return {
      from: window.from === null ? from : latest(from, window.from),
      to: earliest(startOfDay(next, timeZone), window.to),
    };
  };

  const begun = noneBegun();
  const read: Omit<MonthOfUnits, 'stories'>[] = [];
  for (const [place, month] of months.entries()) {
    const within = windowOf(month);
    const [stories, chapters, images, authors] = await Promise.all([
      readSumsBy(source, within, filter, 'story'),
      readPages(source, within, filter, PAGE_ACTIONS.chapters),
      readPages(source, within, filter, PAGE_ACTIONS.images),
      readAuthors(source, within, filter),
    ]);
    await eachUnit(source, 'story', stories, (story, cost) => begun.add(story, place, cost));
    read.push({ month, chapters, images, authors });
  }
  const costs = begun.costs(months.length);
  const found = read.map((one, place): MonthOfUnits => ({ ...one, stories: unitCost(costs[place] ?? []) }));
  const [before, now] = found.slice(-2);
  const isTold = before !== undefined && now !== undefined && before.stories.count > 0 && now.stories.count > 0;
  return {
    months: found,
    earlier: all.length - months.length,
    causes:
      !isTold || splitFilter(filter).raw.length > 0
        ? null
        : await readUnitCauses(source, { from: windowOf(before.month).from, to: window.to }, filter, {
            ...{ begun, before, now, places: [found.length - 2, found.length - 1] },
          }),
  };
}
