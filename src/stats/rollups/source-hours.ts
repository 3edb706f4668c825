import type { Knex } from 'knex';
import { COST_OF_ROW } from '../../db/row-sql.ts';
import {
  addTime,
  compareInstants,
  earliest,
  HOUR,
  type Instant,
  instantFromPostgres,
  latest,
  postgresFromInstant,
  startOfHour,
} from '../../units/time.ts';
import { NO_NUMBER_RAW } from '../sums.ts';

/** Half-open, on whole UTC hours. */
export type HourRange = { from: Instant; to: Instant };

export type HourCell = {
  hour: string;
  action: string;
  model: string;
  requests: string;
  input_tokens: string;
  output_tokens: string;
  cost: string;
  zero_cost: string;
  no_number: string;
  fingerprint: string;
  /** What each story and author had of it: arrays as PostgreSQL prints them, whose n-th elements belong together. */
  story_ids: string;
  author_ids: string;
  story_requests: string;
  story_input_tokens: string;
  story_output_tokens: string;
  story_cost: string;
};

export type Fingerprint = { hour: Instant; requests: string; fingerprint: string };

/**
 * The UTC hour of a row, for the time zone of every connection is UTC (db/session-settings.ts); with the zone as an argument it takes
 * more than twice as long. PostgreSQL 13 has no date_bin, which is a fifth faster and reaches over 292,000 years only.
 */
export const hourOf = (createdAt: string) => `date_trunc('hour', ${createdAt})`;
export const HOUR_OF_ROW = hourOf('created_at');

/** The number of its hour since 1970. Of the hour and not of the row: extract rounds in the last years of time. */
export const HOUR_NUMBER_OF_ROW = `(extract(epoch FROM ${HOUR_OF_ROW}) / 3600)::bigint`;

/**
 * A 64-bit hash over everything of a row that a rollup depends on besides its hour. Added up, it tells whether a set of
 * rows is the same without moving it, several times cheaper than computing the rollups again. Of the action's name: the
 * enum's own hash is of its object id, which a restore changes.
 */
const ROW_HASH = `hashtextextended(action::text, hashtextextended(ai_model, hash_numeric_extended(estimated_cost_in_euros,
    uuid_hash_extended(author_id, uuid_hash_extended(story_id, uuid_hash_extended(token_usage_id, (input_tokens::bigint << 32) # output_tokens::bigint))))))`;

/** What each hour of a range looks like now. Hours without rows are not in it. */
export async function readFingerprints(source: Knex, { from, to }: HourRange): Promise<Fingerprint[]> {
  const { rows } = await source.raw<{ rows: { hour: string; requests: string; fingerprint: string }[] }>(
    `SELECT ${HOUR_OF_ROW} AS hour, count(*) AS requests, sum(${ROW_HASH}) AS fingerprint
       FROM token_usage_tracking
      WHERE created_at >= ? AND created_at < ?
      GROUP BY 1`,
    [postgresFromInstant(from), postgresFromInstant(to)],
  );
  return rows.map((row) => ({ ...row, hour: instantFromPostgres(row.hour) }));
}

/** The same of some runs of hours, as a text each. */
export async function readFingerprintsOf(source: Knex, runs: HourRange[]): Promise<Map<Instant, string>> {
  if (runs.length === 0) return new Map();
  const { rows } = await source.raw<{ rows: { hour: string; requests: string; fingerprint: string }[] }>(
    `SELECT ${HOUR_OF_ROW} AS hour, count(*) AS requests, sum(${ROW_HASH}) AS fingerprint
       FROM ${RUNS} JOIN token_usage_tracking ON ${IN_RUN} GROUP BY 1`,
    runBindings(runs),
  );
  return new Map(
    rows.map(({ hour, requests, fingerprint }) => [instantFromPostgres(hour), `${requests} ${fingerprint}`]),
  );
}

/** So many of the last hours with records, and about as many others. */
export const HOURS_A_SAMPLE = 24;

/** The last hours before an instant that hold records, and others spread evenly in time: a step of an index each. */
export async function sampleHours(source: Knex, before: Instant): Promise<Instant[]> {
  const first = await readEarliest(source);
  if (first === null || first >= before) return [];
  const spread = Array.from({ length: HOURS_A_SAMPLE }, (_, i) =>
    addTime(first, ((before - first) * BigInt(i)) / BigInt(HOURS_A_SAMPLE)),
  );
  const { rows } = await source.raw<{ rows: { hour: string }[] }>(
    `WITH RECURSIVE latest AS (
       SELECT (SELECT created_at FROM token_usage_tracking
                WHERE created_at > '-infinity' AND created_at < ? ORDER BY created_at DESC LIMIT 1) AS at, 1 AS number
       UNION ALL
       SELECT (SELECT created_at FROM token_usage_tracking
                WHERE created_at > '-infinity' AND created_at < ${hourOf('latest.at')} ORDER BY created_at DESC LIMIT 1), number + 1
         FROM latest WHERE latest.at IS NOT NULL AND number < ?
     ), spread AS (
       SELECT following.at FROM unnest(?::timestamptz[]) AS instant
        CROSS JOIN LATERAL (SELECT created_at AS at FROM token_usage_tracking
                             WHERE created_at >= instant AND created_at < ? ORDER BY created_at LIMIT 1) AS following
     )
     SELECT DISTINCT ${hourOf('at')} AS hour
       FROM (SELECT at FROM latest UNION ALL SELECT at FROM spread) AS sampled WHERE at IS NOT NULL`,
    [postgresFromInstant(before), HOURS_A_SAMPLE, spread.map(postgresFromInstant), postgresFromInstant(before)],
  );
  return rows.map(({ hour }) => instantFromPostgres(hour));
}

/** Consecutive hours as ranges: few index scans instead of one an hour. */
export function runsOf(hours: Instant[]): HourRange[] {
  const runs: HourRange[] = [];
  for (const hour of [...new Set(hours)].sort(compareInstants)) {
    const last = runs.at(-1);
    if (last?.to === hour) last.to = addTime(hour, HOUR);
    else runs.push({ from: hour, to: addTime(hour, HOUR) });
  }
  return runs;
}

const RUNS = 'unnest(?::timestamptz[], ?::timestamptz[]) AS run (run_from, run_to)';
const IN_RUN = 'created_at >= run_from AND created_at < run_to';

function runBindings(runs: HourRange[]): [string[], string[]] {
  return [runs.map(({ from }) => postgresFromInstant(from)), runs.map(({ to }) => postgresFromInstant(to))];
}

/** The sums of every (hour, action, model) of some runs of hours, with the hash of its rows and what each story had of it. */
export async function readHourCells(source: Knex, runs: HourRange[]): Promise<HourCell[]> {
  const { rows } = await source.raw<{ rows: HourCell[] }>(
    `SELECT hour, action::text, model, sum(requests) AS requests, sum(input_tokens) AS input_tokens,
            sum(output_tokens) AS output_tokens, sum(cost) AS cost, sum(zero_cost) AS zero_cost,
            sum(no_number) AS no_number, sum(fingerprint) AS fingerprint,
            array_agg(story_id)::text AS story_ids, array_agg(author_id)::text AS author_ids,
            array_agg(requests)::text AS story_requests, array_agg(input_tokens)::text AS story_input_tokens,
            array_agg(output_tokens)::text AS story_output_tokens, array_agg(cost)::text AS story_cost
       FROM (SELECT ${HOUR_OF_ROW} AS hour, action, ai_model AS model, story_id, author_id, count(*) AS requests,
                    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
                    coalesce(sum(${COST_OF_ROW}), 0) AS cost, count(*) FILTER (WHERE estimated_cost_in_euros = 0) AS zero_cost,
                    ${NO_NUMBER_RAW}, sum(${ROW_HASH}) AS fingerprint
               FROM ${RUNS} JOIN token_usage_tracking ON ${IN_RUN}
              GROUP BY 1, 2, 3, 4, 5) AS by_story
      GROUP BY 1, 2, 3`,
    runBindings(runs),
  );
  return rows;
}

/** Where a range is to be cut, on a whole hour, for its first part to hold few records: at least one hour, and all of it where it holds no more. */
export async function endOfRecords(source: Knex, { from, to }: HourRange, records: number): Promise<Instant> {
  const row = await source('token_usage_tracking')
    .where('created_at', '>=', postgresFromInstant(from))
    .where('created_at', '<', postgresFromInstant(to))
    .orderBy('created_at')
    .offset(records)
    .first<{ created_at: string } | undefined>('created_at');
  const end = row ? latest(addTime(from, HOUR), startOfHour(instantFromPostgres(row.created_at))) : to;
  return earliest(end, to);
}

/** The instant of the oldest record, or null without any. */
export async function readEarliest(source: Knex): Promise<Instant | null> {
  const row = await source('token_usage_tracking')
    .whereRaw(`created_at > '-infinity' AND created_at < 'infinity'`)
    .min<{ min: string | null }[]>('created_at as min')
    .first();
  return row?.min ? instantFromPostgres(row.min) : null;
}
