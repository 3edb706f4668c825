import type { Knex } from 'knex';
import { rollupPasses, splitFilter, type UsageFilter, whereUsage } from '../../query/filter.ts';
import {
  addDays,
  addTime,
  compareInstants,
  earliest,
  HOUR,
  type Instant,
  latest,
  startOfDay,
  startOfHourNumber,
  type Window,
} from '../../units/time.ts';
import { type Kept, readEnds, type WindowParts, windowPartsOf } from '../parts.ts';
import { wantedDays } from '../rollups/days.ts';
import { hoursWithin } from '../rollups/hours.ts';
import type { HourSegment } from '../rollups/segments.ts';
import { HOUR_NUMBER_OF_ROW } from '../rollups/source-hours.ts';
import type { UsageSource } from '../source.ts';
import { addTo, noSums, SUM_RAW, type SumRow, type Sums, sumOf, sumsOf } from '../sums.ts';

/**
 * A stretch of time and the sums of a filter's records in it. A day can be refined: by its rolled up hours and those of its
 * records (`raw`) that rollups do not tell apart.
 */
export type Unit = Stretch & { sums: Sums; day: { raw: Unit[] } | null };

type Stretch = { from: Instant; to: Instant };

/**
 * The stretches of a window that hold records of a filter, oldest first: days and hours of the rollups, and hours of raw
 * rows for what the rollups do not answer (authors, stories, ids) or do not cover yet.
 */
export async function readUnits(source: UsageSource, window: Window, filter: UsageFilter): Promise<Unit[]> {
  const { timeZone } = source;
  const parts = windowPartsOf(source, window, filter, { days: true });
  const { ends = [], hours = [], days = [], filter: keptFilter = filter } = parts.kept ?? {};
  const passes = rollupPasses(keptFilter);
  const ofEnd = async (end: Kept['ends'][number]): Promise<Unit> => {
    const sums = noSums();
    const only = { sql: [], kept: { filter: keptFilter, ends: [end], hours: [], days: [] } };
    for (const row of await readEnds(source, only)) if (passes(row.kind, row.at)) addTo(sums, row);
    return { from: end.from, to: end.to, sums, day: null };
  };
  const [raw, kept] = await Promise.all([
    Promise.all(parts.sql.map((part) => rawUnits(source.workflows, part))),
    Promise.all([...ends.map(ofEnd), ...hours.map((segment) => hourUnits(source, segment, keptFilter))]),
  ]);
  const units = kept.flat();
  for (const segment of days) {
    for (const { day, cells } of await wantedDays(source, segment)) {
      const from = startOfDay(day, timeZone);
      const sums = sumOf(cells.filter((cell) => passes(cell, null)));
      units.push({ from, to: startOfDay(addDays(day, 1), timeZone), sums, day: { raw: [] } });
    }
  }
  return withRaw(units, raw.flat());
}

type HourRow = SumRow & { hour: string };

/** The hours of a part that the source adds up, cut to its window. */
async function rawUnits(workflows: Knex, { window, filter }: WindowParts['sql'][number]): Promise<Unit[]> {
  const rows: HourRow[] = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select(workflows.raw(`${HOUR_NUMBER_OF_ROW} AS hour, ${SUM_RAW}`))
    .groupByRaw('1');
  return rows.map(({ hour, ...sums }) => {
    const from = startOfHourNumber(Number(hour));
    const within = { from: latest(from, window.from ?? from), to: earliest(addTime(from, HOUR), window.to) };
    return { ...within, sums: sumsOf(sums), day: null };
  });
}

const inOrder = (units: Unit[]): Unit[] =>
  units.filter(({ sums }) => sums.requests > 0).sort((a, b) => compareInstants(a.to, b.to));

/** Units that do not overlap, with the records of raw hours added to the units that they lie in, or as units of their own. */
function withRaw(units: Unit[], raw: Unit[]): Unit[] {
  if (raw.length === 0) return inOrder(units);
  const sorted = [...units].sort((a, b) => compareInstants(a.to, b.to));
  const alone: Unit[] = [];
  let i = 0;
  for (const hour of inOrder(raw)) {
    while ((sorted[i]?.to ?? hour.to) < hour.to) i++;
    const around = sorted[i];
    if (around && around.from <= hour.from) {
      addTo(around.sums, hour.sums);
      around.day?.raw.push(hour);
    } else {
      alone.push(hour);
    }
  }
  return inOrder([...sorted, ...alone]);
}

async function hourUnits(
  source: UsageSource,
  stretch: Omit<HourSegment, 'kind'>,
  filter: UsageFilter,
): Promise<Unit[]> {
  const { backoffice, memory, timeZone } = source;
  const passes = rollupPasses(filter);
  const hours = await hoursWithin(backoffice, memory.hours, stretch, timeZone);
  return hours.map(({ hour, cells }) => ({
    from: hour,
    to: addTime(hour, HOUR),
    sums: sumOf(cells.filter((cell) => passes(cell, hour))),
    day: null,
  }));
}

/** The same units with days replaced by their hours, oldest first. */
export async function refine(source: UsageSource, units: Unit[], filter: UsageFilter): Promise<Unit[]> {
  const { rollup } = splitFilter(filter);
  const refined = await Promise.all(
    units.map(async (unit): Promise<Unit[]> => {
      if (unit.day === null || rollup === null) return [unit];
      return withRaw(await hourUnits(source, unit, rollup), unit.day.raw);
    }),
  );
  return inOrder(refined.flat());
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
  for (const { from, to } of [...units].sort((a, b) => compareInstants(a.to, b.to))) {
    const last = stretches.at(-1);
    if (last && from <= last.to) last.to = latest(last.to, to);
    else stretches.push({ from, to });
  }
  return stretches;
}
