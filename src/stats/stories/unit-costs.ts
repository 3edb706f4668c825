import { splitFilter, type UsageFilter } from '../../query/filter.ts';
import { compareDays, type Day, firstDayOf, type Month, monthOf } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { average, type MicroEuros, microEuros, NO_EUROS, plus } from '../../units/money.ts';
import { earliest, isOfNoTime, latest, startOfDay, type Window } from '../../units/time.ts';
import type { PriceList } from '../pricing/price-list.ts';
import { assertPricedOneByOne, eachOwnCall, type PricedCalls, readPricedCalls } from '../pricing/priced-calls.ts';
import { type Unpriced, unpricedOf } from '../pricing/repriced.ts';
import type { UsageSource } from '../source.ts';
import { bucketOf, group, readCells } from '../stats.ts';
import { type Count, sumOf } from '../sums.ts';
import { type Begun, eachUnit, noneBegun } from './each-unit.ts';
import { readSumsBy } from './story-sums.ts';
import {
  type MonthsCompared,
  readUnitCauses,
  type UnitCauses,
  type UsageKindCost,
  unitCausesOf,
} from './unit-causes.ts';

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
/** The same where each call costs what the price list says. */
export type PricedUnitCosts = UnitCosts & { unpriced: Unpriced };

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

/** What a story, a chapter, an image and an author cost, month by month, by a price list or as recorded where that is null. @throws TooMuchToCount */
export async function readUnitCosts(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  list: PriceList | null,
): Promise<UnitCosts | PricedUnitCosts> {
  const none = { months: [], earlier: 0, causes: null };
  if (isOfNoTime(window)) return list === null ? none : { ...none, unpriced: unpricedOf([]) };
  return list === null ? readRecordedUnits(source, window, filter) : readPricedUnits(source, window, filter, list);
}

type OfMonth = { cost: number; requests: number };

/** Adds up what each had. */
function addTo(all: Map<string, OfMonth>, key: string, cost: number): void {
  const one = all.get(key) ?? { cost: 0, requests: 0 };
  one.cost += cost;
  one.requests += 1;
  all.set(key, one);
}

/** From every call of the window, each priced by itself; one without a price costs nothing. */
async function readPricedUnits(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  list: PriceList,
): Promise<PricedUnitCosts> {
  const cells = await readCells(source, window, filter, 'day');
  assertPricedOneByOne(sumOf(cells).requests);
  const unpriced = unpricedOf(
    cells.filter(({ model, action, bucket }) => 'missing' in list.priceOf(model, action, bucket as Day)),
  );
  const [ofStories, ofAuthors] = [
    await readPricedCalls(source, window, filter, list, 'story'),
    await readPricedCalls(source, window, filter, list, 'author'),
  ];
  const monthsOf = (calls: PricedCalls[]) => groupedBy(calls, ({ day }) => monthOf(day as Day));
  const [byStory, byAuthor] = [monthsOf(ofStories), monthsOf(ofAuthors)];
  const all = [...byStory.keys()].sort(compareDays) as Month[];
  const months = all.slice(-MOST_MONTHS);
  const begun = noneBegun();
  const each = (calls: readonly PricedCalls[]): Map<string, OfMonth> => {
    const found = new Map<string, OfMonth>();
    for (const some of calls) eachOwnCall(some, (key, cost) => addTo(found, key, cost));
    return found;
  };
  const pagesOf = (calls: readonly PricedCalls[], action: string): UnitCost => {
    const ofStory = [...each(calls.filter((some) => some.action === action)).values()];
    const total = ofStory.reduce(
      (sum, { cost, requests }) => ({ cost: sum.cost + cost, requests: sum.requests + requests }),
      {
        cost: 0,
        requests: 0,
      },
    );
    const spread = spreadOf(ofStory.map(({ cost, requests }) => average(microEuros(cost), requests)));
    return { count: total.requests, cost: microEuros(total.cost), ...spread };
  };
  const read = months.map((month, place): Omit<MonthOfUnits, 'stories'> => {
    const calls = byStory.get(month) ?? [];
    for (const [story, { cost }] of each(calls)) begun.add(story, place, cost);
    const authors = [...each(byAuthor.get(month) ?? []).values()].map(({ cost }) => microEuros(cost));
    return {
      ...{ month, authors: unitCost(authors) },
      chapters: pagesOf(calls, PAGE_ACTIONS.chapters),
      images: pagesOf(calls, PAGE_ACTIONS.images),
    };
  });
  const found = withStories(read, begun);
  const compared = comparedOf(found);
  const latest = ofStories.filter(
    ({ day }) => compared !== null && compareDays(monthOf(day as Day), compared.before.month) >= 0,
  );
  return {
    ...{ months: found, earlier: all.length - months.length, unpriced },
    causes:
      compared &&
      (await unitCausesOf({ begun, ...compared }, costsOfKinds(latest), async (tell) => {
        for (const calls of latest) eachOwnCall(calls, (story, cost) => tell(calls, story, cost, 1));
      })),
  };
}

function costsOfKinds(calls: PricedCalls[]): UsageKindCost[] {
  return [...groupedBy(calls, ({ action, model }) => JSON.stringify([action, model])).values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    let cost = NO_EUROS;
    for (const one of some)
      eachOwnCall(one, (_key, more) => {
        cost = plus(cost, more);
      });
    return [{ action: first.action, model: first.model, cost }];
  });
}

const withStories = (months: Omit<MonthOfUnits, 'stories'>[], begun: Begun): MonthOfUnits[] => {
  const costs = begun.costs(months.length);
  return months.map((one, place) => ({ ...one, stories: unitCost(costs[place] ?? []) }));
};

/** The last two months, where both have stories that began in them. */
function comparedOf(months: MonthOfUnits[]): Omit<MonthsCompared, 'begun'> | null {
  const [before, now] = months.slice(-2);
  const isTold = before !== undefined && now !== undefined && before.stories.count > 0 && now.stories.count > 0;
  return isTold ? { before, now, places: [months.length - 2, months.length - 1] } : null;
}

/** From rollups: exactly what the records add up to. */
async function readRecordedUnits(source: UsageSource, window: Window, filter: UsageFilter): Promise<UnitCosts> {
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
  const found = withStories(read, begun);
  const compared = comparedOf(found);
  return {
    months: found,
    earlier: all.length - months.length,
    causes:
      compared === null || splitFilter(filter).raw.length > 0
        ? null
        : await readUnitCauses(source, { from: windowOf(compared.before.month).from, to: window.to }, filter, {
            begun,
            ...compared,
          }),
  };
}
