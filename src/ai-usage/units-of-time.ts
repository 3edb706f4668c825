import { addDays, HOUR, type Instant, startOfDay, type Window } from '../units/time.ts';
import { rollupPasses, type UsageFilter } from './filter.ts';
import { type Kept, partsOf, readEnds } from './parts.ts';
import { daysWithin } from './rollups/days.ts';
import { hoursWithin } from './rollups/hours.ts';
import type { UsageSource } from './source.ts';
import { readTotals } from './stats.ts';
import { addTo, type Cell, noSums, type Sums, sumOf } from './sums.ts';

/** A stretch of time and the sums of a filter's records in it; `refinable` where hours within are counted too. */
export type Unit = { from: Instant | null; to: Instant; refinable: boolean; sums: Sums };

type Stretch = { from: Instant; to: Instant };

/**
 * The stretches of a window that hold records of a filter, oldest first. Only for filters that the rollups answer: raw
 * filters (authors, stories, ids) have indexes of their own.
 */
export async function readUnits(source: UsageSource, window: Window, filter: UsageFilter): Promise<Unit[]> {
  const { memory, timeZone } = source;
  const parts = partsOf(source, window, filter, { days: true });
  const passes = rollupPasses(filter);
  const sumsOf = (cells: Cell[]) => sumOf(cells.filter(passes));

  const ofSql = async ({ from, to }: Window): Promise<Unit> => {
    return { from, to, refinable: false, sums: await readTotals(source, { from, to }, filter) };
  };
  const ofEnd = async (end: Kept['ends'][number]): Promise<Unit> => {
    const sums = noSums();
    const only = { sql: [], kept: { filter, ends: [end], hours: [], days: [] } };
    for (const row of await readEnds(source, only)) if (passes(row.kind)) addTo(sums, row);
    return { from: end.from, to: end.to, refinable: false, sums };
  };
  const { ends = [], hours = [], days = [] } = parts.kept ?? {};
  const read = await Promise.all([
    ...parts.sql.map(({ window }) => ofSql(window)),
    ...ends.map(ofEnd),
    ...hours.map((segment) => hourUnits(source, segment, filter)),
  ]);
  const units = read.flat();
  for (const segment of days) {
    for (const { day, cells } of daysWithin(memory.days, segment)) {
      const from = startOfDay(day, timeZone);
      units.push({ from, to: startOfDay(addDays(day, 1), timeZone), refinable: true, sums: sumsOf(cells) });
    }
  }
  return units.filter(({ sums }) => sums.requests > 0).sort((a, b) => a.to - b.to);
}

async function hourUnits(source: UsageSource, { from, to }: Stretch, filter: UsageFilter): Promise<Unit[]> {
  const { backoffice, memory, timeZone } = source;
  const passes = rollupPasses(filter);
  const hours = await hoursWithin(backoffice, memory.hours, { from, to }, timeZone);
  return hours.map(({ hour, cells }) => ({
    from: hour,
    to: hour + HOUR,
    refinable: false,
    sums: sumOf(cells.filter(passes)),
  }));
}

/** The same units with days replaced by their hours, oldest first. */
export async function refine(source: UsageSource, units: Unit[], filter: UsageFilter): Promise<Unit[]> {
  const refined = await Promise.all(
    units.map(async (unit): Promise<Unit[]> => {
      const { refinable, from, to } = unit;
      return refinable && from !== null ? hourUnits(source, { from, to }, filter) : [unit];
    }),
  );
  return refined
    .flat()
    .filter(({ sums }) => sums.requests > 0)
    .sort((a, b) => a.to - b.to);
}

export const totalOf = (units: Unit[]): Sums => sumOf(units.map(({ sums }) => sums));

/** The units that hold the records from `skip` to `skip + take` in reading order, and how many to skip within them. */
export function unitsFor(units: Unit[], skip: number, take: number): { units: Unit[]; skip: number } {
  const chosen: Unit[] = [];
  let before = 0;
  let rest = skip;
  for (const unit of units) {
    const { requests } = unit.sums;
    if (chosen.length === 0 && before + requests <= skip) {
      before += requests;
      continue;
    }
    if (chosen.length === 0) rest = skip - before;
    chosen.push(unit);
    before += requests;
    if (before >= skip + take) break;
  }
  return { units: chosen, skip: rest };
}

/** Adjacent units as one stretch. */
export function stretchesOf(units: Unit[]): Window[] {
  const stretches: Window[] = [];
  for (const { from, to } of [...units].sort((a, b) => a.to - b.to)) {
    const last = stretches.at(-1);
    if (last && from !== null && from <= last.to) last.to = Math.max(last.to, to);
    else stretches.push({ from, to });
  }
  return stretches;
}
