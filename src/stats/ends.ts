import type { Knex } from 'knex';
import { COST_OF_ROW, IS_NO_NUMBER } from '../db/row-sql.ts';
import { handled } from '../units/promises/handled.ts';
import {
  addTime,
  BEGIN_OF_TIME,
  earliest,
  floorDivided,
  HOUR,
  type Instant,
  instantAt,
  instantFromPostgres,
  latest,
  MINUTE,
  now,
  postgresFromInstant,
  startOfHour,
} from '../units/time.ts';
import type { CachePart, MakePart } from './memory/cache.ts';
import { LATE_COMMITS } from './rollups/coverage.ts';
import { HOUR_OF_ROW } from './rollups/source-hours.ts';
import { NO_NUMBER_RAW, SUM_RAW, type SumRow, type Sums, sumsOf, type UsageKind } from './sums.ts';

/**
 * A row of the table at one end of a window, `at` its time; or several of one story, author, action, model and hour in one, where
 * no window can end between them. Rollups hold whole hours, and a window begins and ends within one.
 */
export type EndRow = Sums & { at: Instant; story: string; author: string; kind: UsageKind; noNumber: number };

/** The rows after the last covered hour up to `until`, by when every transaction has ended that may write there; read `readAt` (monotonic, ms), kept for `forMs`. */
type Settled = {
  version: string;
  from: Instant;
  until: Instant;
  readAt: number;
  forMs: number;
  rows: Promise<EndRow[]>;
};

/**
 * Rows of the table that are kept in memory while the rollups stay as they are: whole covered hours in which some window
 * began or ended, and of the hours after them all but the last minutes. Only those minutes are asked of the source every time.
 */
export type Ends = {
  hours: CachePart<EndRow[]>;
  settled: Settled | null;
  /** All rows from before the days of the zone were made of whole hours: no row is made then, so there are few. */
  ancient: { until: Instant; rows: Promise<EndRow[]> } | null;
};

const BYTES_A_ROW = 300;

export const noEnds = (part: MakePart): Ends => ({
  hours: part('hours of ends', (rows) => BYTES_A_ROW * rows.length),
  settled: null,
  ancient: null,
});

/** With more of them the source adds them up, every time. */
export const MOST_ANCIENT = 5_000;

/** As old as a rolled up hour may be before a tick looks at it again: five seconds, longer where reading takes longer, at most a minute. */
const SETTLED_FOR_MS = 5_000;
const settledFor = (readMs: number) => Math.min(Math.max(50 * readMs, SETTLED_FOR_MS), 60_000);
/** Longer ends, as before the first backfill is done, are added up by the source. */
export const LONGEST_END = 4n * HOUR;

const ROW = 'story_id AS story, author_id AS author, action::text AS action, ai_model AS model';
type Row = SumRow & { at: string; story: string; author: string; action: string; model: string; no_number: string };

function endRows(rows: Row[]): EndRow[] {
  const kinds = new Map<string, UsageKind>();
  return rows.map(({ at, story, author, action, model, no_number, ...sums }) => {
    const name = `${action}\0${model}`;
    let kind = kinds.get(name);
    if (kind === undefined) {
      kind = { action, model };
      kinds.set(name, kind);
    }
    return { at: instantFromPostgres(at), story, author, kind, noNumber: Number(no_number), ...sumsOf(sums) };
  });
}

async function readRows(workflows: Knex, { from, to }: { from: Instant; to: Instant }): Promise<EndRow[]> {
  const { rows } = await workflows.raw<{ rows: Row[] }>(
    `SELECT created_at AS at, ${ROW}, 1 AS requests, input_tokens AS input, output_tokens AS output,
            coalesce(${COST_OF_ROW}, 0) AS cost, (${IS_NO_NUMBER})::int AS no_number
       FROM token_usage_tracking WHERE created_at >= ? AND created_at < ?`,
    [postgresFromInstant(from), postgresFromInstant(to)],
  );
  return endRows(rows);
}

/** The newest rows, added up by story, author, action, model and hour: a busy minute is a few rows. */
async function readLive(workflows: Knex, { from, to }: { from: Instant; to: Instant }): Promise<EndRow[]> {
  const { rows } = await workflows.raw<{ rows: Row[] }>(
    `SELECT min(created_at) AS at, ${ROW}, ${SUM_RAW}, ${NO_NUMBER_RAW}
       FROM token_usage_tracking WHERE created_at >= ? AND created_at < ?
      GROUP BY story_id, author_id, action, ai_model, ${HOUR_OF_ROW}`,
    [postgresFromInstant(from), postgresFromInstant(to)],
  );
  return endRows(rows);
}

const coveredHour = (workflows: Knex, { hours }: Ends, hour: Instant): Promise<EndRow[]> =>
  hours.read(String(hour), () => readRows(workflows, { from: hour, to: addTime(hour, HOUR) }));

/** The rows after the covered hours that are settled, read again every few seconds, and after a tick that wrote. */
function settledRows(workflows: Knex, ends: Ends, from: Instant, version: string): Settled | null {
  const { settled } = ends;
  const isYoung = settled && performance.now() - settled.readAt < settled.forMs;
  if (isYoung && settled.from === from && settled.version === version) return settled;
  const until = instantAt(floorDivided(now() - LATE_COMMITS, MINUTE) * MINUTE);
  if (until <= from) return null;
  const reading: Settled = {
    version,
    from,
    until,
    readAt: performance.now(),
    forMs: SETTLED_FOR_MS,
    rows: handled(readRows(workflows, { from, to: until })),
  };
  reading.rows.then(
    () => {
      reading.forMs = settledFor(performance.now() - reading.readAt);
    },
    () => {
      if (ends.settled === reading) ends.settled = null;
    },
  );
  ends.settled = reading;
  return reading;
}

type EndsSource = { workflows: Knex; ends: Ends; version: string };

/** The rows of a stretch that ends where the days of the time zone began to be made of whole hours (in Lisbon 1912), or before. */
export async function readAncient(
  { workflows, ends }: EndsSource,
  { from, to }: { from: Instant; to: Instant },
): Promise<EndRow[]> {
  if (ends.ancient === null || ends.ancient.until < to) {
    const reading = { until: to, rows: handled(readRows(workflows, { from: BEGIN_OF_TIME, to })) };
    reading.rows.catch(() => {
      if (ends.ancient === reading) ends.ancient = null;
    });
    ends.ancient = reading;
  }
  const rows = await ends.ancient.rows;
  return rows.filter(({ at }) => at >= from && at < to);
}

/** The rows of a stretch of a few hours, wherever `coveredUntil` lies in it. */
export async function readEnd(
  { workflows, ends, version }: EndsSource,
  { from, to }: { from: Instant; to: Instant },
  coveredUntil: Instant,
): Promise<EndRow[]> {
  const parts: Promise<EndRow[]>[] = [];
  for (let hour = startOfHour(from); hour < earliest(to, coveredUntil); hour = addTime(hour, HOUR)) {
    parts.push(handled(coveredHour(workflows, ends, hour)));
  }
  if (to > coveredUntil) {
    // While much is not covered yet, of that only what is asked for is read.
    const settled = now() - coveredUntil > LONGEST_END ? null : settledRows(workflows, ends, coveredUntil, version);
    if (settled) parts.push(settled.rows);
    const liveFrom = latest(from, settled?.until ?? coveredUntil);
    if (liveFrom < to) parts.push(handled(readLive(workflows, { from: liveFrom, to })));
  }
  // Not flat(), which takes a millisecond for ten thousand.
  const rows = ([] as EndRow[]).concat(...(await Promise.all(parts)));
  return rows.every(({ at }) => at >= from && at < to) ? rows : rows.filter(({ at }) => at >= from && at < to);
}
