import { setTimeout } from 'node:timers/promises';
import type { Knex } from 'knex';
import { named } from '../measuring/account.ts';
import type { UsageFilter } from '../query/filter.ts';
import type { UsageQuery } from '../query/query.ts';
import { compareDays } from '../units/calendar.ts';
import { reasonOf } from '../units/failures/reason.ts';
import { NoNumber } from '../units/money.ts';
import { handled } from '../units/promises/handled.ts';
import { BEGIN_OF_TIME, END_OF_TIME, HOUR, type Instant, now, startOfDay } from '../units/time.ts';
import type { EndRow } from './ends.ts';
import { keepOnly, type Memory, noMemory } from './memory/memory.ts';
import type { PriceList } from './pricing/price-list.ts';
import type { Reuse } from './reuse.ts';
import { type Coverage, RollupsChanged, readCoverage, requireContent } from './rollups/coverage.ts';
import { updateDays } from './rollups/days.ts';
import type { Mend } from './rollups/keep/mend.ts';
import { distrustNoNumbers } from './rollups/keep/no-number.ts';
import type { Origin } from './rollups/keep/origin.ts';
import { wholeHoursSince } from './rollups/segments.ts';

/** Where statistics are read: the two databases, what the process remembers of them, and how far the rollups reach. */
export type UsageSource = {
  workflows: Knex;
  backoffice: Knex;
  memory: Memory;
  /** The version of the rollups: raised by every tick. */
  version: string;
  /** Every hour before this instant is rolled up; null: read everything raw. */
  coveredUntil: Instant | null;
  /** Days that begin at or after this instant are read as days, others by their hours. */
  daysFrom: Instant;
  timeZone: string;
  /** So that several readings are of one state: the ragged ends that one of them has read, by their bounds. */
  endsRead?: Map<string, Promise<EndRow[]>>;
};

/** The rollups and the rows around them as they are at one moment, and what a query's filters mean there. */
export type OneState = {
  source: UsageSource;
  filterOf: (query: UsageQuery) => Promise<UsageFilter>;
  prices: () => Promise<PriceList>;
};

/** Days of a zone that begin at or after this instant are in the rollups. */
export const daysFromOf = (coverage: Coverage, timeZone: string): Instant =>
  coverage.timeZone === timeZone ? (coverage.daysFrom ?? BEGIN_OF_TIME) : END_OF_TIME;

type SourceDatabases = { workflows: Knex; backoffice: Knex };

/**
 * Brings the memory up to date and says how far the rollups reach. Coverage only grows, so a source may be used for a
 * while: what it takes for uncovered is read raw, and right. Where days are of another zone hours are read, which are of none.
 * Rollups that are not `sound`, for some of their sums are no number, are not used.
 */
export async function openSource({ workflows, backoffice }: SourceDatabases, timeZone: string, memory: Memory) {
  const coverage = await readCoverage(backoffice);
  let sound = true;
  try {
    await updateDays(backoffice, memory.days, coverage.contentVersion, wholeHoursSince(timeZone));
  } catch (error) {
    if (!(error instanceof NoNumber)) throw error;
    sound = false;
  }
  keepOnly(memory, coverage.contentVersion);
  const source: UsageSource = {
    workflows,
    backoffice,
    memory: { ...memory },
    version: coverage.version,
    coveredUntil: sound && wholeHoursSince(timeZone) !== null ? coverage.coveredUntil : null,
    daysFrom: daysFromOf(coverage, timeZone),
    timeZone,
  };
  return { source, coverage, sound };
}

const UP_TO_DATE = 3n * HOUR;

/** How much of the time since the first record the rollups cover, 0 to 1, while they are being built; null when they are. */
function builtShare({ memory, coveredUntil, timeZone }: UsageSource, at: Instant): number | null {
  if (wholeHoursSince(timeZone) === null) return null;
  if (coveredUntil === null) return 0;
  if (at - coveredUntil < UP_TO_DATE) return null;
  const [firstDay] = [...memory.days.byDay.keys()].sort(compareDays);
  if (firstDay === undefined) return 0;
  const begin = startOfDay(firstDay, timeZone);
  return Number(coveredUntil - begin) / Number(at - begin);
}

/** The same database, of which every use is told. */
function countingUses(database: Knex, used: () => void): Knex {
  return new Proxy(database, {
    apply: (target, self, args) => {
      used();
      return Reflect.apply(target, self, args);
    },
    get: (target, name) => {
      used();
      return Reflect.get(target, name);
    },
  });
}

/** A source as it was opened at one moment. */
export type OpenedSource = {
  source: UsageSource;
  coverage: Coverage;
  /** Whether the rollups are of the source; otherwise they are not read. */
  isOfSource: boolean;
  /** The share of time that rollups cover while they are being built, null when they are. */
  built: number | null;
  /** Another one each time: what is kept of answers is kept under it. */
  number: number;
  generation: number;
  /** Known to be no longer what the rollups are. */
  outdated: boolean;
  /** Whether they have been asked whether it is; null where something has been read since. */
  asked: Promise<void> | null;
  /** How often rollups had been read, for whatever opening, as it was opened. */
  readsBefore: number;
};

/** What a reader opens its sources from. */
export type OpenedFrom = {
  databases: SourceDatabases;
  timeZone: string;
  memoryBytes: number;
  reuse: Reuse;
  mend: Mend;
  origin: Origin;
  log: { warn: (line: string) => void };
};

/** For /readyz: a moment in which they are not to be had takes no replica out of a balancer. */
const LOOKED_FOR_MS = 2_000;
const ANSWERING_FOR_MS = 60_000;

/** Opens the source for everybody who reads it: once in a while, and anew where the rollups have changed since. */
export function createOpenings({ databases, timeZone, memoryBytes, reuse, mend, origin, log }: OpenedFrom) {
  const { backoffice } = databases;
  const memory = noMemory(memoryBytes);
  let number = 0;
  let generation = 0;
  let reads = 0;
  const counted = countingUses(backoffice, () => {
    reads += 1;
  });
  let openedAt = Number.NEGATIVE_INFINITY;
  let repairing = false;

  const distrust = async () => {
    try {
      const hours = await distrustNoNumbers(backoffice);
      log.warn(
        `The rollups held costs that are no number: ${hours.length} hours are computed again, and read raw until then`,
      );
      mend(hours);
    } catch (error) {
      log.warn(`The rollups hold costs that are no number, and are read raw: ${reasonOf(error)}`);
    }
    repairing = false;
  };
  /** Has what the rollups hold of no number computed again, in the background. */
  const repair = () => {
    if (repairing) return;
    repairing = true;
    handled(distrust());
  };

  const open = async (): Promise<OpenedSource> => {
    const begun = { number: ++number, generation, outdated: false, asked: null, readsBefore: reads };
    const { source, coverage, sound } = await openSource(databases, timeZone, memory);
    if (!sound) repair();
    const isOfSource = await origin.fits(coverage);
    openedAt = performance.now();
    // Raw rows in memory may be of either source.
    if (!isOfSource) memory.contentVersion = null;
    const usable = {
      ...source,
      backoffice: counted,
      ...(isOfSource ? {} : { coveredUntil: null }),
      endsRead: new Map(),
    };
    return { ...begun, source: usable, coverage, isOfSource, built: builtShare(usable, now()) };
  };
  const current = () => reuse(`source ${generation}`, () => named('rollups', open));

  return {
    current,

    /** One that was opened after this one had turned out to be outdated. */
    renewed: (opened: OpenedSource): Promise<OpenedSource> => {
      opened.outdated = true;
      if (opened.generation === generation) generation += 1;
      return current();
    },

    /**
     * Whether what has been read of it may be of several states of the rollups. While those are being built they change several
     * times a second, behind all that is read of them: nobody waits for that to end.
     */
    isOutdated: async (opened: OpenedSource): Promise<boolean> => {
      const { coveredUntil, memory } = opened.source;
      if (coveredUntil === null || opened.built !== null) return false;
      // What is in memory alone is of the state that was opened: nobody need ask.
      if (!opened.outdated && opened.readsBefore === reads) return false;
      const note = (error: unknown) => {
        opened.outdated ||= error instanceof RollupsChanged;
      };
      opened.asked ??= handled(requireContent(backoffice, memory.contentVersion).catch(note));
      await opened.asked;
      return opened.outdated;
    },

    /** Reads raw where the rollups turn out to hold what is no number. */
    readSound: async <T>(source: UsageSource, read: (source: UsageSource) => Promise<T>): Promise<T> => {
      try {
        return await read(source);
      } catch (error) {
        if (!(error instanceof NoNumber) || source.coveredUntil === null) throw error;
        repair();
        return read({ ...source, coveredUntil: null });
      }
    },

    /** The number of the one that was begun last. */
    newest: (): number => number,

    /** Whether one is open, or has been within the last minute. Who only asks waits two seconds at most. */
    isAnswering: async (): Promise<boolean> => {
      await Promise.race([current().catch(() => {}), setTimeout(LOOKED_FOR_MS, null, { ref: false })]);
      return performance.now() - openedAt < ANSWERING_FOR_MS;
    },
  };
}

/** What a person should know of how their search was understood. */
type SearchNotes = { cut: boolean; namesAvailable: boolean; namesGathered: boolean };

/** An answer and the query as it was answered: up to five seconds ago, when it is reused, and `query.asOf` says so. */
export type Answer<T> = {
  query: UsageQuery;
  coverage: Coverage;
  /** The share of time that rollups cover while they are being built, null when they are. */
  built: number | null;
  /** Whether the rollups are of the source; otherwise they are not read. */
  isOfSource: boolean;
  search: SearchNotes;
  value: T;
};
