import type { Rank, RankOrder } from '../../query/view.ts';
import type { Day } from '../../units/calendar.ts';
import type { MicroEuros } from '../../units/money.ts';
import type { Cache, CachePart } from '../memory/cache.ts';
import type { Column } from '../rollups/packed/columns.ts';
import type { Wanted } from '../rollups/packed/packed-days.ts';
import type { Sums } from '../sums.ts';

/** Sums go up with every record of now, but those of whole days stay: they are added up once for all who ask for the same days and filter. */
export type WholeDays = {
  sums: CachePart<SumsOfDays>;
  costs: CachePart<Column>;
  leading: CachePart<Uint32Array>;
  distinct: CachePart<DistinctOfDays>;
  byDay: CachePart<CostsByDay | null>;
};

/** What stories, or authors, had of some days and a filter: columns of one length in the order of their numbers. */
export type SumsOfDays = Record<keyof Sums, Column> & {
  numbers: Column;
  /** An author of each story, by number; of authors none. */
  authors: Column;
  total: Sums;
  /** What is not in it, for it is not packed. */
  unpacked: Wanted[];
  /** Names the days and the filter. */
  key: string;
};

/** What some stories, or authors, cost on each of some days, by their numbers; of those that they had none on, nothing. */
export type CostsByDay = Map<number, Map<Day, MicroEuros>>;

/** Different stories: a bit for each number, and how many are set. */
export type StoryBits = { bits: Uint8Array; count: number };

/** The stories of some days and a filter, of each action and of all. */
export type DistinctOfDays = { byAction: Map<string, StoryBits>; all: StoryBits; unpacked: Wanted[] };

const BYTES_A_COST = 40;

const bytesOf = (columns: { byteLength: number }[]) => columns.reduce((sum, { byteLength }) => sum + byteLength, 0);

export const noWholeDays = ({ part, large }: Cache): WholeDays => ({
  sums: large('sums of whole days', ({ unpacked, total, key, ...columns }) =>
    unpacked.length > 0 ? null : bytesOf(Object.values(columns)),
  ),
  costs: large('costs of whole days', (costs) => costs.byteLength),
  leading: part('first of whole days', (places) => places.byteLength),
  distinct: part('distinct stories of whole days', ({ unpacked, byAction, all }) =>
    unpacked.length > 0 ? null : bytesOf([all, ...byAction.values()].map(({ bits }) => bits)),
  ),
  byDay: part(
    'costs by day',
    (costs) => costs && [...costs.values()].reduce((sum, { size }) => sum + size * BYTES_A_COST, 0),
  ),
});

/** The place of a number, or -1. */
export function placeOf({ numbers }: SumsOfDays, number: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) < number) low = middle + 1;
    else high = middle;
  }
  return numbers[low] === number ? low : -1;
}

/** What is kept of what can be told from some sums; nothing where they are not kept themselves. */
function told<T>(part: CachePart<T>, { unpacked }: SumsOfDays, key: string, tell: () => T): T {
  const known = part.get(key);
  if (known !== undefined) return known;
  const value = tell();
  if (unpacked.length === 0) part.set(key, value);
  return value;
}

/** What each of them cost, lowest first. */
export const costsOf = ({ costs }: WholeDays, sums: SumsOfDays): Column =>
  told(costs, sums, sums.key, () => sums.cost.slice().sort());

/** At least so many are looked for at once, or twice, four times as many: a page needs some more than it shows, and as many as had something since. */
const FIRST_PLACES = 1_000;

/** The places of the first `most` in an order, and of all that are alike in what they are ranked by; in no order. */
export function firstPlaces(
  wholeDays: WholeDays,
  sums: SumsOfDays,
  { rankBy, rankOrder }: { rankBy: Rank; rankOrder: RankOrder },
  most: number,
): Uint32Array {
  const column = sums[rankBy];
  let looksFor = FIRST_PLACES;
  while (looksFor < most) looksFor *= 2;
  if (looksFor >= column.length) return Uint32Array.from(column, (_, place) => place);
  return told(wholeDays.leading, sums, `${sums.key} ${rankBy} ${rankOrder} ${looksFor}`, () => {
    const ascending = rankBy === 'cost' ? costsOf(wholeDays, sums) : sums[rankBy].slice().sort();
    const last = ascending[rankOrder === 'asc' ? looksFor - 1 : column.length - looksFor] as number;
    const places: number[] = [];
    for (let place = 0; place < column.length; place++) {
      const value = column[place] as number;
      if (rankOrder === 'asc' ? value <= last : value >= last) places.push(place);
    }
    return Uint32Array.from(places);
  });
}

export const hasBit = ({ bits }: StoryBits, number: number): boolean =>
  ((bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
