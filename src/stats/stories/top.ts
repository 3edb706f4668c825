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
  const { total, top } = await ranked(sums, most, sort);
  const rows = top.map(({ id, number, ...one }) => ({ key: id, ...one }));
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
  const { active, columns, names } = await readSumsBy(source, window, filter, by);
  const isActive = new Set(active);
  const numbers = [...(await names.numbersOf(keys))].filter(([, number]) => isActive.has(number));
  return new Map(numbers.map(([id, number]) => [id, sumsAt(columns, number)]));
}
