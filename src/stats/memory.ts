import { type Ends, noEnds } from './ends.ts';
import { type ClockDays, noClockDays } from './rollups/clock-hours.ts';
import { type Days, noDays } from './rollups/days.ts';
import { type Hours, noHours } from './rollups/hours.ts';
import { type KnownNumbers, noKnownNumbers } from './rollups/packed/numbers.ts';
import { noPackedDays, type PackedDays } from './rollups/packed/packed-days.ts';
import { noStoryCellsOfHours, type StoryCellsOfHours } from './rollups/story-cells.ts';
import { noStoryCounts, type StoryCounts } from './rollups/story-counts.ts';
import { noKnownPairs, type Pairs } from './rollups/story-pairs.ts';
import { noStoryVisits, type StoryVisits } from './stories/story-visits.ts';

/**
 * What a process keeps in memory between requests, so that a statistic asks the databases only for what is new. All but
 * the days, their clock hours and their stories is dropped when the content of the rollups changes: about once an hour, and when an audit heals something.
 */
export type Memory = {
  days: Days;
  packedDays: PackedDays;
  clockDays: ClockDays;
  contentVersion: string | null;
  hours: Hours;
  /** Stories of those hours. */
  pairs: Pairs;
  numbers: KnownNumbers;
  storyHours: StoryCellsOfHours;
  storyCounts: StoryCounts;
  ends: Ends;
  visits: StoryVisits;
};

export const noMemory = (): Memory => ({
  days: noDays(),
  packedDays: noPackedDays(),
  clockDays: noClockDays(),
  contentVersion: null,
  hours: noHours(),
  pairs: noKnownPairs(),
  numbers: noKnownNumbers(),
  storyHours: noStoryCellsOfHours(),
  storyCounts: noStoryCounts(),
  ends: noEnds(),
  visits: noStoryVisits(),
});

/** Drops what belongs to another content. In new maps, so that a request under way goes on with what it began with. */
export function keepOnly(memory: Memory, contentVersion: string): void {
  if (memory.contentVersion === contentVersion) return;
  const { hours, pairs, numbers, storyHours, storyCounts, ends, visits } = noMemory();
  Object.assign(memory, { contentVersion, hours, pairs, numbers, storyHours, storyCounts, ends, visits });
}
