import { addDays, type Day, HOUR, type Instant, instantFromPostgres, startOfDay, type Window } from '../units/time.ts';
import { rollupPasses, type UsageFilter } from './filter.ts';
import { cellsOf } from './rollups/days.ts';
import type { UsageSource } from './source.ts';
import { type DaysPart, partsOf, rowsOf, type TablePart } from './stats.ts';
import { SUM_HOURS, SUM_RAW, type SumRow, type Sums, sumOf, sumsOf } from './sums.ts';

/** A stretch of time and the sums of a filter's records in it; `refinable` where hours within are counted too. */
export type Unit = { from: Instant | null; to: Instant; refinable: boolean; sums: Sums };

type HourRow = SumRow & { hour: string };

/** What each bucket of a part holds. Buckets without records are not in it. */
async function unitsOfTable(source: UsageSource, part: TablePart): Promise<Unit[]> {
  if (part.kind === 'raw') {
    // One unit for each end of the window: neither is longer than an hour or two.
    return Promise.all(
      part.segments.map(async (segment) => {
        const query = rowsOf(source, { ...part, segments: [segment] });
        const row: SumRow = await query.select(source.workflows.raw(SUM_RAW)).first();
        return { from: segment.from, to: segment.to, refinable: false, sums: sumsOf(row) };
      }),
    );
  }
  const rows: HourRow[] = await rowsOf(source, part)
    .select('hour')
    .select(source.backoffice.raw(SUM_HOURS))
    .groupBy('hour');
  return rows.map((row) => {
    const from = instantFromPostgres(row.hour);
    return { from, to: from + HOUR, refinable: false, sums: sumsOf(row) };
  });
}

function unitsOfDays({ days, timeZone }: UsageSource, { segments, filter }: DaysPart): Unit[] {
  const byDay = new Map<Day, Sums[]>();
  for (const cell of cellsOf(days, segments, rollupPasses(filter))) {
    const others = byDay.get(cell.bucket);
    if (others) others.push(cell);
    else byDay.set(cell.bucket, [cell]);
  }
  return [...byDay].map(([day, cells]) => ({
    from: startOfDay(day, timeZone),
    to: startOfDay(addDays(day, 1), timeZone),
    refinable: true,
    sums: sumOf(cells),
  }));
}

/**
 * The stretches of a window that hold records of a filter, oldest first. Only for filters that the rollups answer: raw
 * filters (authors, stories, ids) have indexes of their own.
 */
export async function readUnits(source: UsageSource, window: Window, filter: UsageFilter): Promise<Unit[]> {
  const { tables, days } = partsOf(source, window, filter, true);
  const read = await Promise.all(tables.map((part) => unitsOfTable(source, part)));
  const units = [...read.flat(), ...(days ? unitsOfDays(source, days) : [])];
  return units.filter(({ sums }) => sums.requests > 0).sort((a, b) => a.to - b.to);
}

/** The same units with days replaced by their hours, oldest first. */
export async function refine(source: UsageSource, units: Unit[], filter: UsageFilter): Promise<Unit[]> {
  const days = units.filter(({ refinable }) => refinable);
  const segments = days.map(({ from, to }) => ({ kind: 'hours', from, to }) as const);
  const hours = days.length === 0 ? [] : await unitsOfTable(source, { kind: 'hours', segments, filter });
  return [...units.filter(({ refinable }) => !refinable), ...hours].sort((a, b) => a.to - b.to);
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
