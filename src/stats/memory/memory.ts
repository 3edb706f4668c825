import { type Ends, noEnds } from '../ends.ts';
import { noRepricedClock, noRepricedDays, type RepricedClock, type RepricedDays } from '../pricing/repriced-days.ts';
import { type Fingerprints, noFingerprints, noRepricedHours, type RepricedHours } from '../pricing/repriced-hours.ts';
import { type ClockDays, noClockDays } from '../rollups/clock-hours.ts';
import { type Days, type DaysOfHours, noDays, noDaysOfHours } from '../rollups/days.ts';
import { type Hours, noHours } from '../rollups/hours.ts';
import { type KnownNumbers, noKnownNumbers } from '../rollups/packed/numbers.ts';
import { noPackedDays, type PackedDays } from '../rollups/packed/packed-days.ts';
import { noStoryCellsOfHours, type StoryCellsOfHours } from '../rollups/story-cells.ts';
import { noStoryCounts, type StoryCounts } from '../rollups/story-counts.ts';
import { noStoryVisits, type StoryVisits } from '../stories/story-visits.ts';
import { noWholeDays, type WholeDays } from '../stories/whole-days.ts';
import { type Cache, createCache } from './cache.ts';

/** What is of one content of the rollups. */
type OfContent = {
  /** Another number for each. */
  content: number;
  hours: Hours;
  storyHours: StoryCellsOfHours;
  storyCounts: StoryCounts;
  numbers: KnownNumbers;
  visits: StoryVisits;
  ends: Ends;
  fingerprints: Fingerprints;
};

/**
 * What a process keeps in memory between requests, so that a statistic asks the databases only for what is new. The days are all there;
 * everything else shares a number of bytes, and what has not been asked for longest goes. What is of one content is dropped when the
 * content of the rollups changes: about once an hour, and when an audit heals something.
 */
export type Memory = OfContent & {
  cache: Cache;
  days: Days;
  packedDays: PackedDays;
  daysOfHours: DaysOfHours;
  clockDays: ClockDays;
  wholeDays: WholeDays;
  repricedDays: RepricedDays;
  repricedHours: RepricedHours;
  repricedClock: RepricedClock;
  contentVersion: string | null;
};

let contents = 0;

function ofContent(cache: Cache): OfContent {
  const content = ++contents;
  const part: Cache['part'] = (name, bytesOf) => cache.part(`${content} ${name}`, bytesOf);
  return {
    content,
    hours: noHours(part),
    storyHours: noStoryCellsOfHours(part),
    storyCounts: noStoryCounts(part),
    numbers: noKnownNumbers(part),
    visits: noStoryVisits(part),
    ends: noEnds(part),
    fingerprints: noFingerprints(part),
  };
}

/** For what is read at one moment and forgotten with it. */
const FEW_BYTES = 32 * 2 ** 20;

/** Of packed days. They are read in bulk, and what they add up to is kept beside them: more of them would drive that out. */
const SHARE_OF_PACKED_DAYS = 0.1;

/** An empty memory of so many bytes, the days besides. */
export function noMemory(mostBytes = FEW_BYTES): Memory {
  const cache = createCache((1 - SHARE_OF_PACKED_DAYS) * mostBytes);
  return {
    ...ofContent(cache),
    cache,
    days: noDays(),
    packedDays: noPackedDays(createCache(SHARE_OF_PACKED_DAYS * mostBytes).part),
    daysOfHours: noDaysOfHours(cache.part),
    clockDays: noClockDays(cache.part),
    wholeDays: noWholeDays(cache),
    repricedDays: noRepricedDays(cache.part),
    repricedHours: noRepricedHours(cache.part),
    repricedClock: noRepricedClock(cache.part),
    contentVersion: null,
  };
}

/** Drops what belongs to another content. What comes is kept apart from it, so that a request under way goes on with what it began with. */
export function keepOnly(memory: Memory, contentVersion: string): void {
  if (memory.contentVersion === contentVersion) return;
  memory.cache.drop(`${memory.content} `);
  Object.assign(memory, { contentVersion, ...ofContent(memory.cache) });
}

/** The same memory at another content, for one reading. */
export const atContent = (memory: Memory, contentVersion: string): Memory => ({
  ...memory,
  ...ofContent(createCache(FEW_BYTES)),
  contentVersion,
});

/** The same memory without rows of the source, for those who read that at one moment. */
export const withoutRows = (memory: Memory): Memory => ({ ...memory, ends: noEnds(createCache(FEW_BYTES).part) });
