import { type Ends, noEnds } from './ends.ts';
import { type ClockDays, noClockDays } from './rollups/clock-hours.ts';
import { type Days, noDays } from './rollups/days.ts';
import { type Hours, noHours } from './rollups/hours.ts';
import { noStoryCells, noStoryCellsOfHours, type StoryCells, type StoryCellsOfHours } from './rollups/story-cells.ts';
import { noStoryCounts, type StoryCounts } from './rollups/story-counts.ts';
import { noStoryDays, type StoryDays } from './rollups/story-days.ts';
import { noStoryVisits, type StoryVisits } from './stories/story-visits.ts';

/**
 * What a process keeps in memory between requests, so that a statistic asks the databases only for what is new. All but
 * the days, their clock hours and their stories is dropped when the content of the rollups changes: about once an hour, and when an audit heals something.
 */
export type Memory = {
  days: Days;
  storyDays: StoryDays;
  storyCells: StoryCells;
  clockDays: ClockDays;
  contentVersion: string | null;
  hours: Hours;
  storyHours: StoryCellsOfHours;
  storyCounts: StoryCounts;
  ends: Ends;
  visits: StoryVisits;
};

export const noMemory = (): Memory => ({
  days: noDays(),
  storyDays: noStoryDays(),
  storyCells: noStoryCells(),
  clockDays: noClockDays(),
  contentVersion: null,
  hours: noHours(),
  storyHours: noStoryCellsOfHours(),
  storyCounts: noStoryCounts(),
  ends: noEnds(),
  visits: noStoryVisits(),
});

/** Drops what belongs to another content. In new maps, so that a request under way goes on with what it began with. */
export function keepOnly(memory: Memory, contentVersion: string): void {
  if (memory.contentVersion === contentVersion) return;
  const { hours, storyHours, storyCounts, ends, visits } = noMemory();
  Object.assign(memory, { contentVersion, hours, storyHours, storyCounts, ends, visits });
}
