import type { UsageFilter } from '../../query/filter.ts';
import type { Window } from '../../units/time.ts';
import type { UsageSource } from '../source.ts';
import { restOf, type Sums } from '../sums.ts';
import { ranked, readSumsBy, sumsAt, type TopBy, type TopSort } from './story-sums.ts';

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
  const { total, top } = ranked(sums, most, sort);
  const rows = top.map(({ id, ...one }) => ({ key: id, ...one }));
  return { rows, other: restOf(total, rows), count: sums.active.length };
}

/** What some authors or stories add up to in a window; those without records there are left out. */
export async function readSumsOf(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  by: TopBy,
  keys: string[],
): Promise<Map<string, Sums>> {
  const { active, columns, idOf } = await readSumsBy(source, window, filter, by);
  const wanted = new Set(keys);
  const found = active.filter((number) => wanted.has(idOf(number)));
  return new Map(found.map((number) => [idOf(number), sumsAt(columns, number)]));
}
