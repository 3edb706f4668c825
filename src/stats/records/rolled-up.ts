import { EVERYTHING } from '../../query/filters/registry.ts';
import type { Window } from '../../units/time.ts';
import { windowPartsOf } from '../parts.ts';
import { daysWithin } from '../rollups/days.ts';
import { hoursWithin } from '../rollups/hours.ts';
import type { UsageSource } from '../source.ts';
import { type Sums, sumOf } from '../sums.ts';

/** How many records of a window the rollups hold, whatever the filter; null where more than its ends is not rolled up. */
export async function countRolledUp(source: UsageSource, window: Window): Promise<number | null> {
  const { backoffice, memory, timeZone } = source;
  const { sql, kept } = windowPartsOf(source, window, EVERYTHING, { days: true });
  if (sql.length > 0 || kept === null) return null;
  const counted = (cells: Sums[]) => sumOf(cells).requests;
  let count = 0;
  for (const segment of kept.days) for (const { cells } of daysWithin(memory.days, segment)) count += counted(cells);
  for (const segment of kept.hours)
    for (const { cells } of await hoursWithin(backoffice, memory.hours, segment, timeZone)) count += counted(cells);
  return count;
}
