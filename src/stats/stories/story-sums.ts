import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import type { Rank, RankOrder } from '../../query/view.ts';
import { microEuros, plus } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import { type Kept, readEnds, type WindowParts, windowPartsOf } from '../parts.ts';
import { type StoryCell, storyCellsWithin, storyHoursWithin } from '../rollups/story-cells.ts';
import { storyDaysWithin } from '../rollups/story-days.ts';
import {
  addPair,
  noPairs,
  numberOfPair,
  type PairRow,
  type PairSums,
  packed,
  pairSumColumns,
  pairSums,
  type SumColumns,
} from '../rollups/story-pairs.ts';
import type { UsageSource } from '../source.ts';
import { noSums, SUM_RAW, type Sums } from '../sums.ts';

/** What stories, or authors, cost: by number, of which `active` are those with records. */
export type SumsBy = { active: number[]; columns: SumColumns; idOf: (number: number) => string };

export type TopBy = 'author' | 'story';
export type TopSort = { rankBy: Rank; rankOrder: RankOrder };

/** The first ones of many, with what all of them add up to. */
export type Ranked = { total: Sums; top: (Sums & { id: string })[] };

const isUnfiltered = (filter: UsageFilter) => Object.values(filter).every((value) => value === null);

async function readRaw({ workflows, memory }: UsageSource, window: Window, filter: UsageFilter): Promise<PairSums> {
  const rows: PairRow[] = await workflows('token_usage_tracking')
    .select(workflows.raw(`story_id AS story, author_id AS author, ${SUM_RAW}`))
    .modify(whereUsage, window, filter)
    .groupBy('story_id', 'author_id');
  return pairSums(memory.storyDays.pairs, rows);
}

async function readEndSums(source: UsageSource, parts: WindowParts): Promise<PairSums[]> {
  const { pairs } = source.memory.storyDays;
  const lists = noPairs();
  if (parts.kept === null) return [];
  const passes = rollupPasses(parts.kept.filter);
  for (const row of await readEnds(source, parts))
    if (passes(row.kind, row.at)) addPair(lists, numberOfPair(pairs, row.story, row.author), row);
  return [packed(lists)];
}

/** What each story had of the cells in the covered part of a window that pass its filter. */
export async function readStoryCells(source: UsageSource, { filter, hours, days }: Kept): Promise<StoryCell[]> {
  const { backoffice, memory, timeZone } = source;
  const passes = rollupPasses(filter);
  const known = { ...memory, pairs: memory.storyDays.pairs };
  const read = await Promise.all([
    ...days.map((segment) => storyCellsWithin(backoffice, known, segment, (cell) => passes(cell, null), timeZone)),
    ...hours.map((segment) => storyHoursWithin(backoffice, known, segment, passes, timeZone)),
  ]);
  return read.flat();
}

/** All stories of whole days are kept by story alone: a tenth of the numbers to add up. */
async function readUnfiltered(source: UsageSource, { filter, hours, days }: Kept): Promise<PairSums[]> {
  const { backoffice, memory } = source;
  const [ofHours, ...ofDays] = await Promise.all([
    readStoryCells(source, { filter, hours, days: [], ends: [] }),
    ...days.map((segment) => storyDaysWithin(backoffice, memory, segment)),
  ]);
  return [...ofHours.map(({ sums }) => sums), ...ofDays.flat()];
}

async function readKept(source: UsageSource, kept: Kept): Promise<PairSums[]> {
  if (isUnfiltered(kept.filter)) return readUnfiltered(source, kept);
  return (await readStoryCells(source, kept)).map(({ sums }) => sums);
}

/** What the records of a window and filter add up to by story or by author. A story of several authors counts once. */
export async function readSumsBy(source: UsageSource, window: Window, filter: UsageFilter, by: TopBy): Promise<SumsBy> {
  const parts = windowPartsOf(source, window, filter, { days: true });
  const read = await Promise.all([
    ...parts.sql.map(async (part) => [await readRaw(source, part.window, part.filter)]),
    parts.kept ? readKept(source, parts.kept) : [],
    readEndSums(source, parts),
  ]);
  const { stories, authors, storyOf, authorOf } = source.memory.storyDays.pairs;
  return by === 'story' ? addUp(read.flat(), storyOf, stories) : addUp(read.flat(), authorOf, authors);
}

function addUp(parts: PairSums[], numberOf: number[], ids: string[]): SumsBy {
  const columns = pairSumColumns(ids.length);
  const { requests, inputTokens, outputTokens, cost } = columns;
  const active: number[] = [];
  for (const part of parts) {
    for (let i = 0; i < part.pair.length; i++) {
      const number = numberOf[part.pair[i] as number] as number;
      // Every record is a request.
      if (requests[number] === 0) active.push(number);
      (requests[number] as number) += part.requests[i] as number;
      (inputTokens[number] as number) += part.inputTokens[i] as number;
      (outputTokens[number] as number) += part.outputTokens[i] as number;
      (cost[number] as number) += part.cost[i] as number;
    }
  }
  return { active, columns, idOf: (number) => ids[number] as string };
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
export function ranked(
  { active, columns, idOf }: SumsBy,
  most: number,
  { rankBy, rankOrder }: TopSort = { rankBy: 'cost', rankOrder: 'desc' },
): Ranked {
  const total = noSums();
  const top: number[] = [];
  const { requests, inputTokens, outputTokens, cost } = columns;
  const rank = columns[rankBy];
  const sign = rankOrder === 'desc' ? 1 : -1;
  const ahead = (column: Float64Array, a: number, b: number) => (column[a] as number) - (column[b] as number);
  const isBefore = (a: number, b: number) => {
    const difference = sign * ahead(rank, a, b) || ahead(cost, a, b) || ahead(requests, a, b);
    return difference > 0 || (difference === 0 && idOf(a) < idOf(b));
  };
  for (const number of active) {
    total.requests += requests[number] as number;
    total.inputTokens += inputTokens[number] as number;
    total.outputTokens += outputTokens[number] as number;
    total.cost = plus(total.cost, microEuros(cost[number] as number));
    const last = top[most - 1];
    if (most === 0 || (last !== undefined && !isBefore(number, last))) continue;
    const place = top.findIndex((other) => isBefore(number, other));
    top.splice(place === -1 ? top.length : place, 0, number);
    if (top.length > most) top.pop();
  }
  return { total, top: top.map((number) => ({ id: idOf(number), ...sumsAt(columns, number) })) };
}
