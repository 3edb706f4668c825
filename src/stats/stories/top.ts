import type { UsageFilter } from '../../query/filter.ts';
import type { Window } from '../../units/time.ts';
import type { UsageSource } from '../source.ts';
import { restOf, type Sums } from '../sums.ts';
import { firstOf, type TopSort } from './ranking.ts';
import { readSumsBy, sumsOfIds, type TopBy } from './story-sums.ts';

/** The first authors or stories of a window by a figure, all others as one, and how many there are. */
export type Top = {
  rows: (Sums & { key: string })[];
  other: Sums;
  /** Different ones, the shown included. */
  count: number;
};

/** At most `most` rows, in the order of a rank. */
export async function readTop(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  by: TopBy,
  most: number,
  sort: TopSort,
): Promise<Top> {
  const sums = await readSumsBy(source, window, filter, by);
  const rows = (await firstOf(source, sums, most, sort)).map(({ id, requests, inputTokens, outputTokens, cost }) => ({
    key: id,
    requests,
    inputTokens,
    outputTokens,
    cost,
  }));
  return { rows, other: restOf(sums.total, rows), count: sums.count };
}

/** What some authors or stories add up to in a window; those without records there are left out. */
export const readSumsOf = async (
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  by: TopBy,
  ids: string[],
): Promise<Map<string, Sums>> => sumsOfIds(source, await readSumsBy(source, window, filter, by), ids);
