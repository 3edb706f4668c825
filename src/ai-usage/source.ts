import type { Knex } from 'knex';
import { HOUR, type Instant, startOfDay } from '../units/time.ts';
import { type Coverage, readCoverage } from './rollups/coverage.ts';
import { type Days, updateDays } from './rollups/days.ts';
import { daysAreWholeHours, type Reach } from './rollups/segments.ts';

/** Where statistics are read: raw rows, and rollups as far as they reach. */
export type UsageSource = { workflows: Knex; backoffice: Knex; days: Days; reach: Reach; timeZone: string };

/** The rollups that fit a business time zone; what they do not cover is read raw. */
export function reachOf({ coveredUntil, timeZone: cutIn }: Coverage, timeZone: string): Reach {
  return { until: daysAreWholeHours(timeZone) ? coveredUntil : null, days: cutIn === timeZone };
}

type SourceDatabases = { workflows: Knex; backoffice: Knex };

/**
 * Brings the days in memory up to date and says how far the rollups reach. Coverage only grows, so a source may be used
 * for a while: what it takes for uncovered is read raw, and right.
 */
export async function openSource({ workflows, backoffice }: SourceDatabases, timeZone: string, days: Days) {
  const coverage = await readCoverage(backoffice);
  await updateDays(backoffice, days, coverage.version);
  const source: UsageSource = { workflows, backoffice, days, reach: reachOf(coverage, timeZone), timeZone };
  return { source, coverage };
}

const UP_TO_DATE = 3 * HOUR;

/** How much of the time since the first record the rollups cover, 0 to 1, while they are being built; null when they are. */
export function builtShare({ days, reach, timeZone }: UsageSource, at: Instant): number | null {
  if (!daysAreWholeHours(timeZone)) return null;
  if (reach.until === null) return 0;
  if (at - reach.until < UP_TO_DATE) return null;
  const [firstDay] = [...days.byDay.keys()].sort();
  if (firstDay === undefined) return 0;
  const begin = startOfDay(firstDay, timeZone);
  return (reach.until - begin) / (at - begin);
}
