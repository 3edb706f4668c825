import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import { createTurns } from '../../units/promises/turns.ts';
import { addDays, startOfDay, type Window } from '../../units/time.ts';
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
import { noSums, SUM_RAW, type Sums, sumOf } from '../sums.ts';
import { readSumsOfDays } from './read-whole-days.ts';
import { createTally, sumsAt } from './tally.ts';
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

/** What the stories of days that are not packed had, from their hours. */
export async function readUnpacked(
  { backoffice, timeZone }: UsageSource,
  filter: UsageFilter,
  unpacked: Wanted[],
): Promise<StoryCell[]> {
  const passes = rollupPasses(filter);
  const cells: StoryCell[] = [];
  for (const day of new Set(unpacked.map(({ day }) => day))) {
    const bounds = { from: startOfDay(day, timeZone), to: startOfDay(addDays(day, 1), timeZone) };
    const kinds = new Set(unpacked.filter((one) => one.day === day).map(({ action, model }) => `${action}\0${model}`));
    const isWanted = ({ action, model }: StoryCell) => kinds.has('\0') || kinds.has(`${action}\0${model}`);
    for await (const some of cellsOfHours(backoffice, bounds, passes)) cells.push(...some.filter(isWanted));
  }
  return cells;
}

/** From so many single hours on the stories of a window are a good part of what a process may hold. */
const MANY_HOURS = 100;
const turns = createTurns();

/** Works on the stories of many single hours when no other such work is under way: a page has three of it. */
export const inTurnOfHours = <T>({ hours }: Kept, work: () => Promise<T>): Promise<T> =>
  hours.some(({ only }) => only && only.length > MANY_HOURS) ? turns('stories of hours', work) : work();

/** What each story had of the hours of a window that rollups tell, part by part: all of them together may be more than a process holds. */
export async function* hourCells(
  { backoffice, memory, timeZone }: UsageSource,
  { filter, hours }: Kept,
): AsyncGenerator<StoryCell[]> {
  const passes = rollupPasses(filter);
  for (const segment of hours) yield* storyHoursWithin(backoffice, memory.storyHours, segment, passes, timeZone);
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
  return inTurnOfHours(kept, async () => {
    const [ofDays, ...locals] = await Promise.all([
      readSumsOfDays(source, kept, by),
      ...parts.sql.map(async (part) => [await readRaw(source, part.window, part.filter)]),
      ofEnds(),
    ]);
    if (ofDays.unpacked.length > 0) locals.push(await readUnpacked(source, kept.filter, ofDays.unpacked));
    const all = async function* () {
      yield* locals;
      yield* hourCells(source, kept);
    };
    return withLocals(source, by, ofDays, all());
  });
}

/** Adds what is known by ids. */
async function withLocals(
  { backoffice, memory }: UsageSource,
  by: TopBy,
  ofDays: SumsOfDays,
  locals: AsyncIterable<Local[]>,
): Promise<SumsBy> {
  const indexes = new Map<string, number>();
  const authors: string[] = [];
  const tally = createTally();
  const add = ({ pairs, sums }: Local) => {
    const indexOf = (pair: number) => {
      const author = pairs.authors[pairs.authorOf[pair] as number] as string;
      const id = by === 'story' ? (pairs.stories[pair] as string) : author;
      const known = indexes.get(id);
      if (known !== undefined) return known;
      indexes.set(id, indexes.size);
      return authors.push(author) - 1;
    };
    tally.add(Uint32Array.from(sums.pair, indexOf), sums, null);
  };
  for await (const some of locals) some.forEach(add);
  const { columns } = tally.sums();
  const numbers = await lookUpNumbers(backoffice, memory.numbers, by, indexes.keys());
  const changed = new Map<string, Changed>();
  const total = [ofDays.total];
  let count = ofDays.numbers.length;
  for (const [id, index] of indexes) {
    const number = numbers.get(id);
    const place = number === undefined ? -1 : placeOf(ofDays, number);
    const local = sumsAt(columns, index);
    const sums = place === -1 ? local : sumOf([local, sumsAt(ofDays, place)]);
    changed.set(id, { ...sums, id, place, author: authors[index] as string });
    total.push(local);
    if (place === -1) count += 1;
  }
  return { by, ofDays, changed, total: sumOf(total), count };
}

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
