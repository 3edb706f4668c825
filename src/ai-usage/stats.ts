import type { Knex } from 'knex';
import type { Window } from '../units/time.ts';
import { rollupPasses, splitFilter, type UsageFilter, whereFilter, whereRollup, whereWithin } from './filter.ts';
import { cellsOf } from './rollups/days.ts';
import { type DaySegment, type Segment, segmentsOf } from './rollups/segments.ts';
import { whereSegments } from './rollups/where-segments.ts';
import type { UsageSource } from './source.ts';
import { readDistinctStories } from './stories.ts';
import { addTo, type Cell, cellOf, noSums, SUM_HOURS, SUM_RAW, type SumRow, type Sums, sumOf, sumsOf } from './sums.ts';

/** The buckets that usage over time is shown in: UTC hours, business days, business months. */
export type BucketSize = 'hour' | 'day' | 'month';

export type UsageStats = {
  total: Sums & { stories: number };
  models: (Sums & { model: string })[];
  actions: (Sums & { action: string; stories: number })[];
  /** `bucket` is "2026-10-31" (day), "2026-10" (month) or the hour's number since 1970. */
  buckets: (Sums & { bucket: string })[];
};

/** The bucket of a row in SQL, by the table it is read from; `?` is the business time zone. */
const BUCKET_SQL = {
  raw: {
    hour: 'floor(extract(epoch FROM created_at) / 3600)::bigint::text',
    day: `to_char(created_at AT TIME ZONE ?, 'YYYY-MM-DD')`,
    month: `to_char(created_at AT TIME ZONE ?, 'YYYY-MM')`,
    whole: `''`,
  },
  hours: {
    hour: '(extract(epoch FROM hour) / 3600)::bigint::text',
    day: `to_char(hour AT TIME ZONE ?, 'YYYY-MM-DD')`,
    month: `to_char(hour AT TIME ZONE ?, 'YYYY-MM')`,
    whole: `''`,
  },
} as const;

/** A part of the answer: some segments of one kind, and the filter that fits them. */
export type TablePart = { kind: 'raw' | 'hours'; segments: Segment[]; filter: UsageFilter };
export type DaysPart = { kind: 'days'; segments: DaySegment[]; filter: UsageFilter };

/** What to read where: rollups for models and actions, raw rows for the ends of the window and for other filters. */
export function partsOf(
  { reach, timeZone }: UsageSource,
  window: Window,
  filter: UsageFilter,
  byDay: boolean,
): { tables: TablePart[]; days: DaysPart | null } {
  const { rollup, raw } = splitFilter(filter);
  const tables: TablePart[] = [];
  let days: DaysPart | null = null;
  if (rollup) {
    const segments = segmentsOf(window, { until: reach.until, days: reach.days && byDay }, timeZone);
    for (const kind of ['raw', 'hours'] as const) {
      const ofKind = segments.filter((segment) => segment.kind === kind);
      if (ofKind.length > 0) tables.push({ kind, segments: ofKind, filter: rollup });
    }
    const ofDays = segments.filter((segment) => segment.kind === 'days');
    if (ofDays.length > 0) days = { kind: 'days', segments: ofDays, filter: rollup };
  }
  if (raw) tables.push({ kind: 'raw', segments: [{ kind: 'raw', ...window }], filter: raw });
  return { tables, days };
}

/** A query on the rows of a part, without columns yet. */
export function rowsOf(
  { workflows, backoffice }: UsageSource,
  { kind, segments, filter }: TablePart,
): Knex.QueryBuilder {
  if (kind === 'hours') return backoffice('usage_hours').modify(whereSegments, segments).modify(whereRollup, filter);
  return workflows('token_usage_tracking').modify(whereWithin, segments).modify(whereFilter, filter);
}

type CellRow = SumRow & { bucket: string; action: string; model: string };

async function readTableCells(source: UsageSource, part: TablePart, size: BucketSize | 'whole'): Promise<Cell[]> {
  const raw = part.kind === 'raw';
  const bucket = BUCKET_SQL[part.kind][size];
  const rows: CellRow[] = await rowsOf(source, part)
    .select(source.workflows.raw(`${bucket} AS bucket`, bucket.includes('?') ? [source.timeZone] : []))
    .select(raw ? { action: 'action', model: 'ai_model' } : ['action', 'model'])
    .select(source.workflows.raw(raw ? SUM_RAW : SUM_HOURS))
    .groupByRaw('1, 2, 3');
  return rows.map(({ bucket, action, model, ...sums }) => cellOf(bucket, action, model, sumsOf(sums)));
}

async function readCells(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  size: BucketSize | 'whole',
): Promise<Cell[]> {
  const { tables, days } = partsOf(source, window, filter, size !== 'hour');
  const read = await Promise.all(tables.map((part) => readTableCells(source, part, size)));
  return [...read.flat(), ...(days ? cellsOf(source.days, days.segments, rollupPasses(days.filter)) : [])];
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The sums of cells by a key. */
function group(cells: Cell[], keyOf: (cell: Cell) => string): Map<string, Sums> {
  const groups = new Map<string, Sums>();
  for (const cell of cells) {
    const key = keyOf(cell);
    let sums = groups.get(key);
    if (sums === undefined) {
      sums = noSums();
      groups.set(key, sums);
    }
    addTo(sums, cell);
  }
  return groups;
}

/** Cells of days carry their day, also where months are wanted; an hour is never read from days. */
const bucketOf: Record<BucketSize, (cell: Cell) => string> = {
  hour: ({ bucket }) => bucket,
  day: ({ bucket }) => bucket,
  month: ({ bucket }) => bucket.slice(0, 7),
};

const byCostFirst =
  <K extends 'action' | 'model'>(key: K) =>
  (a: Sums & Record<K, string>, b: Sums & Record<K, string>) =>
    b.cost - a.cost || b.requests - a.requests || byText(a[key], b[key]);

/** Totals, models, actions and buckets of the same cells: each breakdown adds up to the total by construction. */
export async function readStats(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  size: BucketSize,
): Promise<UsageStats> {
  const [cells, stories] = await Promise.all([
    readCells(source, window, filter, size),
    readDistinctStories(source, window, filter),
  ]);
  const models = [...group(cells, ({ model }) => model)].map(([model, sums]) => ({ model, ...sums }));
  const actions = [...group(cells, ({ action }) => action)].map(([action, sums]) => ({
    action,
    ...sums,
    stories: stories.byAction.get(action) ?? 0,
  }));
  const buckets = [...group(cells, bucketOf[size])].map(([bucket, sums]) => ({ bucket, ...sums }));
  return {
    total: { ...sumOf(cells), stories: stories.total },
    models: models.sort(byCostFirst('model')),
    actions: actions.sort(byCostFirst('action')),
    // Hours since 1970 have six digits until the year 2084, days and months sort as text anyway.
    buckets: buckets.sort((a, b) => byText(a.bucket, b.bucket)),
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
