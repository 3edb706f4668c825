import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import { NoNumber } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import { type Kept, readEnds, windowPartsOf } from '../parts.ts';
import { lookUpNumbers, numbersOf } from '../rollups/packed/numbers.ts';
import type { Wanted } from '../rollups/packed/packed-days.ts';
import { cellsOfHours, type StoryCell, storyHoursWithin } from '../rollups/story-cells.ts';
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
} from '../rollups/story-pairs.ts';
import type { UsageSource } from '../source.ts';
import { addTo, noSums, SUM_RAW, type Sums } from '../sums.ts';
import { readSumsOfDays, unpackedDays } from './read-whole-days.ts';
import { sumsAt } from './tally.ts';
import { placeOf, type SumsOfDays } from './whole-days.ts';

export type TopBy = 'author' | 'story';

/** A story, or author, that had something besides whole days: all that it had. `place`: where the days have it, -1 for nowhere. */
type Changed = Sums & { id: string; place: number; author: string };

/** What the stories, or authors, of a window had: what whole days tell, and those of which they do not tell all. */
export type SumsBy = {
  by: TopBy;
  ofDays: SumsOfDays;
  changed: Map<string, Changed>;
  total: Sums;
  /** Different ones. */
  count: number;
};

/** Sums by the numbers of some pairs. */
type Local = { pairs: Pairs; sums: PairSums };

async function readRaw({ workflows }: UsageSource, window: Window, filter: UsageFilter): Promise<Local> {
  const rows: PairRow[] = await workflows('token_usage_tracking')
    .select(workflows.raw(`story_id AS story, author_id AS author, ${SUM_RAW}`))
    .modify(whereUsage, window, filter)
    .groupBy('story_id', 'author_id');
  const pairs = noKnownPairs();
  return { pairs, sums: pairSums(pairs, rows) };
}

/** What each story had of the hours of a window that rollups tell. */
export async function readHourCells(
  { backoffice, memory, timeZone }: UsageSource,
  { filter, hours }: Kept,
): Promise<StoryCell[]> {
  const passes = rollupPasses(filter);
  const read = await Promise.all(
    hours.map((segment) => storyHoursWithin(backoffice, memory.storyHours, segment, passes, timeZone)),
  );
  return read.flat();
}

/** The same of days that are not packed, from their hours, part by part: those of three months are more than a process may hold. */
export async function* unpackedCells(
  { backoffice, timeZone }: UsageSource,
  filter: UsageFilter,
  unpacked: Wanted[],
): AsyncGenerator<StoryCell[]> {
  const passes = rollupPasses(filter);
  for (const { bounds, isWanted } of unpackedDays(unpacked, timeZone))
    yield* cellsOfHours(backoffice, bounds, (kind, hour) => isWanted(kind) && passes(kind, hour));
}

/** What the records of a window and filter add up to by story or by author. A story of several authors counts once. */
export async function readSumsBy(source: UsageSource, window: Window, filter: UsageFilter, by: TopBy): Promise<SumsBy> {
  const parts = windowPartsOf(source, window, filter, { days: true });
  const kept = parts.kept ?? { filter, ends: [], hours: [], days: [] };
  const ofEnds = async (): Promise<Local[]> => {
    const passes = rollupPasses(kept.filter);
    const pairs = noKnownPairs();
    const lists = noPairs();
    for (const row of await readEnds(source, parts))
      if (passes(row.kind, row.at)) addPair(lists, numberOfPair(pairs, row.story, row.author), row);
    return [{ pairs, sums: packed(lists) }];
  };
  const [ofDays, ...locals] = await Promise.all([
    readSumsOfDays(source, kept, by),
    ...parts.sql.map(async (part) => [await readRaw(source, part.window, part.filter)]),
    readHourCells(source, kept),
    ofEnds(),
  ]);
  const all = async function* () {
    yield* locals;
    yield* unpackedCells(source, kept.filter, ofDays.unpacked);
  };
  return withLocals(source, by, ofDays, all());
}

/** Adds what is known by ids. @throws NoNumber */
async function withLocals(
  { backoffice, memory }: UsageSource,
  by: TopBy,
  ofDays: SumsOfDays,
  locals: AsyncIterable<Local[]>,
): Promise<SumsBy> {
  const indexes = new Map<string, number>();
  const authors: string[] = [];
  // Plain lists: of single hours come thousands of cells with a few stories each, for which a tally's columns take longer to make than to fill.
  const columns = {
    requests: [] as number[],
    inputTokens: [] as number[],
    outputTokens: [] as number[],
    cost: [] as number[],
  };
  const indexOf = (pair: number, pairs: Pairs): number => {
    const author = pairs.authors[pairs.authorOf[pair] as number] as string;
    const id = by === 'story' ? (pairs.stories[pair] as string) : author;
    const known = indexes.get(id);
    if (known !== undefined) return known;
    indexes.set(id, authors.length);
    for (const column of Object.values(columns)) column.push(0);
    return authors.push(author) - 1;
  };
  const { requests, inputTokens, outputTokens, cost } = columns;
  for await (const some of locals) {
    for (const { pairs, sums } of some) {
      for (let i = 0; i < sums.pair.length; i++) {
        const index = indexOf(sums.pair[i] as number, pairs);
        (requests[index] as number) += sums.requests[i] as number;
        (inputTokens[index] as number) += sums.inputTokens[i] as number;
        (outputTokens[index] as number) += sums.outputTokens[i] as number;
        (cost[index] as number) += sums.cost[i] as number;
      }
    }
  }
  if (cost.some(Number.isNaN)) throw new NoNumber('not an amount: NaN');
  const numbers = await lookUpNumbers(backoffice, memory.numbers, by, indexes.keys());
  const changed = new Map<string, Changed>();
  const total = { ...ofDays.total };
  let count = ofDays.numbers.length;
  for (const [id, index] of indexes) {
    const number = numbers.get(id);
    const place = number === undefined ? -1 : placeOf(ofDays, number);
    const sums = sumsAt(columns, index);
    addTo(total, sums);
    if (place === -1) count += 1;
    else addTo(sums, sumsAt(ofDays, place));
    changed.set(id, changedOf(sums, id, place, authors[index] as string));
  }
  return { by, ofDays, changed, total, count };
}

/** All of one shape, made without a copy of sums: there are thousands where a day's hours are many. */
const changedOf = (
  { requests, inputTokens, outputTokens, cost }: Sums,
  id: string,
  place: number,
  author: string,
): Changed => ({ requests, inputTokens, outputTokens, cost, id, place, author });

/** What some of them had; those without records are left out. */
export async function sumsOfIds(
  { backoffice }: UsageSource,
  { by, ofDays, changed }: SumsBy,
  ids: string[],
): Promise<Map<string, Sums>> {
  const sums = new Map<string, Sums>();
  const numbers = await numbersOf(
    backoffice,
    by,
    ids.filter((id) => !changed.has(id)),
  );
  for (const id of ids) {
    const place = placeOf(ofDays, numbers.get(id) ?? -1);
    const { requests, inputTokens, outputTokens, cost } =
      changed.get(id) ?? (place === -1 ? noSums() : sumsAt(ofDays, place));
    if (requests > 0) sums.set(id, { requests, inputTokens, outputTokens, cost });
  }
  return sums;
}
