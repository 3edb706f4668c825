import type { Knex } from 'knex';
import { compareDays } from '../units/calendar.ts';
import { HOUR, type Instant, startOfDay } from '../units/time.ts';
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
  timeZone: string;
  /** Where several readings are to be of one state: the ragged ends that one of them has read, by their bounds. */
  endsRead?: Map<string, Promise<EndRow[]>>;
};

type SourceDatabases = { workflows: Knex; backoffice: Knex };

/**
 * Brings the memory up to date and says how far the rollups reach. Coverage only grows, so a source may be used for a
 * while: what it takes for uncovered is read raw, and right. Rollups whose days are of another zone are not used.
 */
export async function openSource({ workflows, backoffice }: SourceDatabases, timeZone: string, memory: Memory) {
  const coverage = await readCoverage(backoffice);
  await updateDays(backoffice, memory.days, coverage.contentVersion, wholeHoursSince(timeZone));
  keepOnly(memory, coverage.contentVersion);
  const source: UsageSource = {
    workflows,
    backoffice,
    memory: { ...memory },
    version: coverage.version,
    coveredUntil: rollupsFit(coverage, timeZone) ? coverage.coveredUntil : null,
    timeZone,
  };
  return { source, coverage };
}

function rollupsFit(coverage: Coverage, timeZone: string): boolean {
  return coverage.timeZone === timeZone && wholeHoursSince(timeZone) !== null;
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
