import type { Knex } from 'knex';
import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import type { Rank, RankOrder } from '../../query/view.ts';
import { compareDays } from '../../units/calendar.ts';
import { microEuros, plus } from '../../units/money.ts';
import { addDays, startOfDay, type Window } from '../../units/time.ts';
import { type Kept, readEnds, windowPartsOf } from '../parts.ts';
import { RollupsChanged } from '../rollups/coverage.ts';
import { daysWithin, recordsOf } from '../rollups/days.ts';
import { firstIds, lookUpNumbers, numbersOf } from '../rollups/packed/numbers.ts';
import { eachSums, type Wanted } from '../rollups/packed/packed-days.ts';
import type { DaySegment } from '../rollups/segments.ts';
import { readCellsOfHours, type StoryCell, storyHoursWithin } from '../rollups/story-cells.ts';
import {
  addPair,
  noKnownPairs,
  noPairs,
  numberOfPair,
  type PairRow,
  type PairSums,
  type Pairs,
  packed,
  pairSums,
  type SumColumns,
} from '../rollups/story-pairs.ts';
import type { UsageSource } from '../source.ts';
import { noSums, SUM_RAW, type Sums } from '../sums.ts';
import { createTally, type Tally } from './tally.ts';

export type TopBy = 'author' | 'story';
export type TopSort = { rankBy: Rank; rankOrder: RankOrder };

/** Ids of what has been added up by number. */
type Names = {
  /** The ids of some numbers: the first `most` in the order of the ids. @throws RollupsChanged where they have none any more */
  first: (numbers: number[], most: number) => Promise<{ id: string; number: number }[]>;
  /** An author of each of some stories, by the story's number. */
  authorsOf: (stories: number[], authorOf: Float64Array) => Promise<Map<number, string>>;
  /** The numbers of some ids, of those that have one. */
  numbersOf: (ids: string[]) => Promise<Map<string, number>>;
};

/** What stories, or authors, cost. */
export type SumsBy = Tally & { names: Names };

/** The first ones of many, with what all of them add up to. */
export type Ranked = { total: Sums; top: (Sums & { id: string; number: number })[] };

const isUnfiltered = (filter: UsageFilter) => Object.values(filter).every((value) => value === null);

async function readRaw(
  { workflows }: UsageSource,
  pairs: Pairs,
  window: Window,
  filter: UsageFilter,
): Promise<PairSums> {
  const rows: PairRow[] = await workflows('token_usage_tracking')
    .select(workflows.raw(`story_id AS story, author_id AS author, ${SUM_RAW}`))
    .modify(whereUsage, window, filter)
    .groupBy('story_id', 'author_id');
  return pairSums(pairs, rows);
}

/** What stories had of the actions and models of a segment's days that pass; of all of them together without a filter. */
export function wantedOf({ memory }: UsageSource, filter: UsageFilter, segment: DaySegment): Wanted[] {
  const passes = rollupPasses(filter);
  const days = [...daysWithin(memory.days, segment)].sort((a, b) => compareDays(a.day, b.day));
  if (isUnfiltered(filter))
    return days.map((one) => ({
      day: one.day,
      version: one.version,
      action: '',
      model: '',
      requests: recordsOf(one),
    }));
  return days.flatMap(({ day, version, cells }) =>
    cells
      .filter((cell) => passes(cell, null))
      .map(({ action, model, requests }) => ({ day, version, action, model, requests })),
  );
}

/** What the stories of days that are not packed had, from their hours. */
export async function readUnpacked(
  { backoffice, timeZone }: UsageSource,
  pairs: Pairs,
  filter: UsageFilter,
  unpacked: Wanted[],
): Promise<StoryCell[]> {
  const passes = rollupPasses(filter);
  const cells: StoryCell[] = [];
  for (const day of new Set(unpacked.map(({ day }) => day))) {
    const bounds = { from: startOfDay(day, timeZone), to: startOfDay(addDays(day, 1), timeZone) };
    const kinds = new Set(unpacked.filter((one) => one.day === day).map(({ action, model }) => `${action}\0${model}`));
    const isWanted = ({ action, model }: StoryCell) => kinds.has('\0') || kinds.has(`${action}\0${model}`);
    for (const cell of await readCellsOfHours(backoffice, pairs, bounds, passes)) if (isWanted(cell)) cells.push(cell);
  }
  return cells;
}

/** What each story had of the hours of a window that rollups tell, one by one. */
export async function readHourCells(source: UsageSource, { filter, hours }: Kept): Promise<StoryCell[]> {
  const { backoffice, memory, timeZone } = source;
  const passes = rollupPasses(filter);
  const read = await Promise.all(
    hours.map((segment) => storyHoursWithin(backoffice, memory, segment, passes, timeZone)),
  );
  return read.flat();
}

/** Sums by the numbers of some pairs, which are no others' numbers. */
type Local = { pairs: Pairs; sums: PairSums };

/** What the records of a window and filter add up to by story or by author. A story of several authors counts once. */
export async function readSumsBy(source: UsageSource, window: Window, filter: UsageFilter, by: TopBy): Promise<SumsBy> {
  const { backoffice, memory } = source;
  const parts = windowPartsOf(source, window, filter, { days: true });
  const { kept } = parts;
  const tally = createTally();
  // Of what is read for this question alone: they go with it.
  const pairs = noKnownPairs();
  const ofDays = async (one: Kept, segment: DaySegment): Promise<Local[]> => {
    const wanted = wantedOf(source, one.filter, segment);
    const unpacked = await eachSums(backoffice, memory.packedDays, wanted, (sums) =>
      by === 'story' ? tally.add(sums.stories, sums, sums.authors) : tally.add(sums.authors, sums, null),
    );
    return (await readUnpacked(source, pairs, one.filter, unpacked)).map(({ sums }) => ({ pairs, sums }));
  };
  const ofEnds = async (): Promise<Local[]> => {
    if (kept === null) return [];
    const passes = rollupPasses(kept.filter);
    const lists = noPairs();
    for (const row of await readEnds(source, parts))
      if (passes(row.kind, row.at)) addPair(lists, numberOfPair(pairs, row.story, row.author), row);
    return [{ pairs, sums: packed(lists) }];
  };
  const ofHours = async (one: Kept): Promise<Local[]> =>
    (await readHourCells(source, one)).map(({ sums }) => ({ pairs: memory.pairs, sums }));
  const locals = await Promise.all([
    ...parts.sql.map(async (part) => [{ pairs, sums: await readRaw(source, pairs, part.window, part.filter) }]),
    ...(kept === null ? [] : [ofHours(kept), ...kept.days.map((segment) => ofDays(kept, segment))]),
    ofEnds(),
  ]);
  const names = await addLocals(backoffice, memory.numbers, tally, locals.flat(), by);
  return { ...tally.sums(), names };
}

/** Adds what is known by ids: under the numbers that days know them by, and others where they know none. */
async function addLocals(
  backoffice: Knex,
  known: UsageSource['memory']['numbers'],
  tally: ReturnType<typeof createTally>,
  locals: Local[],
  by: TopBy,
): Promise<Names> {
  const idAt = ({ stories, authors, authorOf }: Pairs, pair: number) =>
    (by === 'story' ? stories[pair] : authors[authorOf[pair] as number]) as string;
  const ids = new Set<string>();
  for (const { pairs, sums } of locals) for (const pair of sums.pair) ids.add(idAt(pairs, pair));
  const numbers = ids.size === 0 ? new Map<string, number>() : await lookUpNumbers(backoffice, known, by, ids);
  let next = tally.next();
  for (const number of numbers.values()) next = Math.max(next, number + 1);
  const others = new Map<number, string>();
  const authors = new Map<number, string>();
  for (const id of ids) {
    if (numbers.has(id)) continue;
    numbers.set(id, next);
    others.set(next, id);
    next += 1;
  }
  for (const { pairs, sums } of locals) {
    const at = Uint32Array.from(sums.pair, (pair) => numbers.get(idAt(pairs, pair)) as number);
    tally.add(at, sums, null);
    if (by === 'story')
      for (const [i, pair] of sums.pair.entries())
        authors.set(at[i] as number, pairs.authors[pairs.authorOf[pair] as number] as string);
  }
  return {
    first: async (wanted, most) => {
      const ofDays = wanted.filter((number) => !others.has(number));
      const read = await firstIds(backoffice, by, ofDays, most);
      if (read.length < Math.min(ofDays.length, most)) throw new RollupsChanged(`a ${by} has no number any more`);
      for (const number of wanted) {
        const id = others.get(number);
        if (id !== undefined) read.push({ id, number });
      }
      return read.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, most);
    },
    authorsOf: async (stories, authorOf) => {
      const found = new Map<number, string>();
      const wanted = stories.filter((story) => !authors.has(story)).map((story) => authorOf[story] as number);
      const ids = new Map(
        (await firstIds(backoffice, 'author', wanted, wanted.length)).map(({ id, number }) => [number, id]),
      );
      for (const story of stories) found.set(story, authors.get(story) ?? ids.get(authorOf[story] as number) ?? '');
      return found;
    },
    numbersOf: async (wanted) => {
      const read = await numbersOf(backoffice, by, wanted);
      for (const [number, id] of others) if (wanted.includes(id)) read.set(id, number);
      return read;
    },
  };
}

export function sumsAt({ requests, inputTokens, outputTokens, cost }: SumColumns, number: number): Sums {
  return {
    requests: requests[number] as number,
    inputTokens: inputTokens[number] as number,
    outputTokens: outputTokens[number] as number,
    cost: microEuros(cost[number] as number),
  };
}

/** The first `most` in an order, then by cost and requests, highest first, then by id; and what all of them add up to. */
export async function ranked(
  { active, columns, names }: SumsBy,
  most: number,
  { rankBy, rankOrder }: TopSort = { rankBy: 'cost', rankOrder: 'desc' },
): Promise<Ranked> {
  const total = noSums();
  const top: number[] = [];
  const { requests, inputTokens, outputTokens, cost } = columns;
  const rank = columns[rankBy];
  const sign = rankOrder === 'desc' ? 1 : -1;
  const ahead = (column: Float64Array, a: number, b: number) => (column[a] as number) - (column[b] as number);
  const difference = (a: number, b: number) => sign * ahead(rank, a, b) || ahead(cost, a, b) || ahead(requests, a, b);
  for (const number of active) {
    total.requests += requests[number] as number;
    total.inputTokens += inputTokens[number] as number;
    total.outputTokens += outputTokens[number] as number;
    total.cost = plus(total.cost, microEuros(cost[number] as number));
    const last = top[most - 1];
    if (most === 0 || (last !== undefined && difference(number, last) <= 0)) continue;
    const place = top.findIndex((other) => difference(number, other) > 0);
    top.splice(place === -1 ? top.length : place, 0, number);
    if (top.length > most) top.pop();
  }
  // Of those that are alike in all but their ids, any are there: ids are asked for, of the last ones perhaps of many.
  const last = top[most - 1];
  const before = last === undefined ? top : top.filter((number) => difference(number, last) > 0);
  const alike = last === undefined ? [] : active.filter((number) => difference(number, last) === 0);
  const found = [
    ...(await names.first(before, before.length)),
    ...(await names.first(alike, most - before.length)),
  ].sort((a, b) => -difference(a.number, b.number) || (a.id < b.id ? -1 : 1));
  return { total, top: found.map(({ id, number }) => ({ id, number, ...sumsAt(columns, number) })) };
}
