import type { Knex } from 'knex';
import { rollupPasses, type UsageFilter, whereUsage } from '../query/filter.ts';
import type { CellTest } from '../query/filters/entry.ts';
import { compareDays, type Day, monthOf } from '../units/calendar.ts';
import { byCodePoint } from '../units/code-points.ts';
import { exactInteger } from '../units/integer.ts';
import { type MicroEuros, NO_EUROS, plus } from '../units/money.ts';
import { handled } from '../units/promises/handled.ts';
import { dayOf, hourNumber, type Instant, isOfNoTime, type Window } from '../units/time.ts';
import type { EndRow } from './ends.ts';
import { type Kept, readEnds, type WindowParts, windowPartsOf } from './parts.ts';
import { wantedDays } from './rollups/days.ts';
import { hoursWithin } from './rollups/hours.ts';
import { clockInstant } from './rollups/segments.ts';
import { type BucketSize, bucketFromPostgres, bucketSql, NO_BUCKET } from './rollups/source-buckets.ts';
import type { UsageSource } from './source.ts';
import { readDistinctStories } from './stories/stories.ts';
import type { UsageKind } from './sums.ts';
import {
  addTo,
  NO_NUMBER_RAW,
  noSums,
  SUM_RAW,
  type SumRow,
  type Sums,
  sumOf,
  sumsOf,
  type UsageCell,
  usageCellOf,
} from './sums.ts';

export type { BucketSize };

export type UsageStats = {
  total: Sums & { stories: number };
  models: (Sums & { model: string })[];
  actions: (Sums & { action: string; stories: number })[];
  /** `bucket` is "2026-10-31" (day), "2026-10" (month) or the hour's number since 1970. */
  buckets: (Sums & { bucket: string })[];
  /** How many of the requests have a cost that is no number: no sum has them. */
  noNumber: number;
  /** By bucket, action and model: what all of the above is added up from. One bucket, action and model may come several times. */
  cells: UsageCell[];
};

type CellRow = SumRow & { bucket: string; action: string; model: string; no_number: string };

async function readSqlCells(
  workflows: Knex,
  { window, filter }: WindowParts['sql'][number],
  size: BucketSize | 'whole',
  timeZone: string,
): Promise<UsageCell[]> {
  const { sql, bindings } = isOfNoTime(window) ? NO_BUCKET : bucketSql(size, timeZone);
  const rows: CellRow[] = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select(workflows.raw(`${sql} AS bucket`, bindings))
    .select({ action: 'action', model: 'ai_model' })
    .select(workflows.raw(`${SUM_RAW}, ${NO_NUMBER_RAW}`))
    .groupByRaw('1, 2, 3');
  return rows.map(({ bucket, action, model, no_number, ...sums }) =>
    usageCellOf(
      isOfNoTime(window) ? bucket : bucketFromPostgres(bucket, size),
      action,
      model,
      sumsOf(sums),
      exactInteger(no_number),
    ),
  );
}

/** The rows at the ends of a window as cells by bucket, action and model, as the rollups have them. */
function cellsOfEnds(rows: EndRow[], passes: CellTest, size: BucketSize | 'whole', timeZone: string): UsageCell[] {
  const hours = new Map<Instant, { bucket: string; cells: Map<UsageKind, UsageCell> }>();
  const all: UsageCell[] = [];
  for (const row of rows) {
    const at = clockInstant(row.at, timeZone);
    let hour = hours.get(at);
    if (hour === undefined) {
      hour = {
        bucket: size === 'hour' ? String(hourNumber(at)) : dayOf(at, timeZone),
        cells: new Map(),
      };
      hours.set(at, hour);
    }
    const cell = hour.cells.get(row.kind);
    if (cell) {
      addTo(cell, row);
      cell.noNumber += row.noNumber;
    } else if (passes(row.kind, row.at)) {
      const made = usageCellOf(hour.bucket, row.kind.action, row.kind.model, row, row.noNumber);
      hour.cells.set(row.kind, made);
      all.push(made);
    }
  }
  return all;
}

async function readKeptCells(
  source: UsageSource,
  { filter, hours, days }: Kept,
  reading: Promise<EndRow[]>,
  size: BucketSize | 'whole',
): Promise<UsageCell[]> {
  const { backoffice, memory, timeZone } = source;
  const passes = rollupPasses(filter);
  const [rows, ofDays, ofHours] = await Promise.all([
    reading,
    Promise.all(days.map((segment) => wantedDays(source, segment))),
    Promise.all(hours.map((segment) => hoursWithin(backoffice, memory.hours, segment, timeZone))),
  ]);
  const cells: UsageCell[] = [];
  for (const day of ofDays.flat()) for (const cell of day.cells) if (passes(cell, null)) cells.push(cell);
  for (const hour of ofHours.flat()) {
    for (const cell of hour.cells) {
      if (passes(cell, hour.hour))
        cells.push(size === 'hour' ? { ...cell, bucket: String(hourNumber(hour.hour)) } : cell);
    }
  }
  cells.push(...cellsOfEnds(rows, passes, size, timeZone));
  return cells;
}

/** The sums of parts of a window by bucket, action and model; one of each may come several times, once from each part. */
async function readPartCells(
  source: UsageSource,
  { sql, kept }: WindowParts,
  ends: Promise<EndRow[]>,
  size: BucketSize | 'whole',
): Promise<UsageCell[]> {
  const read = await Promise.all([
    ...sql.map((part) => readSqlCells(source.workflows, part, size, source.timeZone)),
    kept ? readKeptCells(source, kept, ends, size) : [],
  ]);
  // Not flat(), which takes a millisecond for ten thousand.
  return ([] as UsageCell[]).concat(...read);
}

/** The sums of a window's records by bucket, action and model; one of each may come several times. */
export async function readCells(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  size: BucketSize | 'whole',
): Promise<UsageCell[]> {
  const parts = windowPartsOf(source, window, filter, { days: size !== 'hour' });
  return readPartCells(source, parts, handled(readEnds(source, parts)), size);
}

/** What each business day cost of statistics by day. */
export const costsOfDays = ({ buckets }: UsageStats): Map<Day, MicroEuros> =>
  new Map(buckets.map(({ bucket, cost }) => [bucket as Day, cost]));

/** What each business day cost; days without records are left out. */
export async function readDailyCosts(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
): Promise<Map<Day, MicroEuros>> {
  const { sql, kept } = windowPartsOf(source, window, filter, { days: true });
  const aroundDays: WindowParts = { sql, kept: kept && { ...kept, days: [] } };
  const cells = await readPartCells(source, aroundDays, handled(readEnds(source, aroundDays)), 'day');
  const costs = new Map<Day, MicroEuros>();
  const add = (day: Day, cost: MicroEuros) => costs.set(day, plus(costs.get(day) ?? NO_EUROS, cost));
  // Cells read by days carry days.
  for (const { bucket, cost } of cells) add(bucket as Day, cost);
  const passes = rollupPasses(kept?.filter ?? filter);
  for (const segment of kept?.days ?? []) {
    for (const { day, cells } of await wantedDays(source, segment)) {
      let cost: MicroEuros | null = null;
      for (const cell of cells) if (passes(cell, null)) cost = plus(cost ?? NO_EUROS, cell.cost);
      if (cost !== null) add(day, cost);
    }
  }
  return costs;
}

const byTime = (size: BucketSize) => (size === 'hour' ? (a: string, b: string) => Number(a) - Number(b) : compareDays);

/** The sums of cells by a key. */
export function group(cells: UsageCell[], keyOf: (cell: UsageCell) => string): Map<string, Sums> {
  const groups = new Map<string, Sums>();
  let last: string | null = null;
  let sums = noSums();
  for (const cell of cells) {
    const key = keyOf(cell);
    // Cells of one bucket follow each other.
    if (key !== last) {
      last = key;
      sums = groups.get(key) ?? noSums();
      groups.set(key, sums);
    }
    addTo(sums, cell);
  }
  return groups;
}

/**
 * The bucket of a cell. Cells read for hours carry hours, those for days their days. Those for months carry a day of theirs: where
 * SQL has added them up the first, a year's "2026-10-01" for all of October. Of a record without a time all carry NO_TIME.
 */
export const bucketOf: Record<BucketSize, (cell: UsageCell) => string> = {
  hour: ({ bucket }) => bucket,
  day: ({ bucket }) => bucket,
  month: ({ bucket }) => monthOf(bucket as Day),
};

const byCostFirst =
  <K extends 'action' | 'model'>(key: K) =>
  (a: Sums & Record<K, string>, b: Sums & Record<K, string>) =>
    b.cost - a.cost || b.requests - a.requests || byCodePoint(a[key], b[key]);

/** Totals, models, actions and buckets of the same cells: each breakdown adds up to the total by construction. */
export async function readStats(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  size: BucketSize,
): Promise<UsageStats> {
  const parts = windowPartsOf(source, window, filter, { days: size !== 'hour' });
  const ends = handled(readEnds(source, parts));
  const [cells, stories] = await Promise.all([
    readPartCells(source, parts, ends, size),
    readDistinctStories(source, window, filter, parts, ends),
  ]);
  return statsOf(cells, { total: stories.total, ofAction: (action) => stories.byAction.get(action) ?? 0 }, size);
}

/** Cells and how many different stories they are of, as statistics. */
export function statsOf(
  cells: UsageCell[],
  stories: { total: number; ofAction: (action: string) => number },
  size: BucketSize,
): UsageStats {
  const models = [...group(cells, ({ model }) => model)].map(([model, sums]) => ({ model, ...sums }));
  const actions = [...group(cells, ({ action }) => action)].map(([action, sums]) => ({
    action,
    ...sums,
    stories: stories.ofAction(action),
  }));
  const buckets = [...group(cells, bucketOf[size])].map(([bucket, sums]) => ({ bucket, ...sums }));
  return {
    total: { ...sumOf(models), stories: stories.total },
    models: models.sort(byCostFirst('model')),
    actions: actions.sort(byCostFirst('action')),
    buckets: buckets.sort((a, b) => byTime(size)(a.bucket, b.bucket)),
    noNumber: cells.reduce((count, { noNumber }) => count + noNumber, 0),
    cells,
  };
}

/** Count and sums of a window and filter, exactly. */
export async function readTotals(source: UsageSource, window: Window, filter: UsageFilter): Promise<Sums> {
  return sumOf(await readCells(source, window, filter, 'whole'));
}

/** How many records of a window and filter each action or model has. */
export async function readCounts(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  key: 'action' | 'model',
): Promise<Map<string, number>> {
  const groups = group(await readCells(source, window, filter, 'whole'), (cell) => cell[key]);
  return new Map([...groups].map(([value, { requests }]) => [value, requests]));
}
