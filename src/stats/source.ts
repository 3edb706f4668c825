import type { Knex } from 'knex';
import { compareDays } from '../units/calendar.ts';
import { NoNumber } from '../units/money.ts';
import { BEGIN_OF_TIME, END_OF_TIME, HOUR, type Instant, startOfDay } from '../units/time.ts';
import type { EndRow } from './ends.ts';
import { keepOnly, type Memory } from './memory.ts';
import { type Coverage, readCoverage } from './rollups/coverage.ts';
import { updateDays } from './rollups/days.ts';
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
  /** Where several readings are to be of one state: the ragged ends that one of them has read, by their bounds. */
  endsRead?: Map<string, Promise<EndRow[]>>;
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
export function builtShare({ memory, coveredUntil, timeZone }: UsageSource, at: Instant): number | null {
  if (wholeHoursSince(timeZone) === null) return null;
  if (coveredUntil === null) return 0;
  if (at - coveredUntil < UP_TO_DATE) return null;
  const [firstDay] = [...memory.days.byDay.keys()].sort(compareDays);
  if (firstDay === undefined) return 0;
  const begin = startOfDay(firstDay, timeZone);
  return Number(coveredUntil - begin) / Number(at - begin);
}
