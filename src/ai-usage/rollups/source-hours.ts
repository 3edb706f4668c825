import type { Knex } from 'knex';
import { HOUR, type Instant, instantFromPostgres, isoFromInstant } from '../../units/time.ts';

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
  fingerprint: string;
};

/** The sums of a story (and author, for a story may have several) in an hour. */
export type StorySum = {
  hour: string;
  story_id: string;
  author_id: string;
  requests: string;
  input_tokens: string;
  output_tokens: string;
  cost: string;
};

export type Fingerprint = { hour: Instant; requests: string; fingerprint: string };

const HOUR_OF_ROW = `date_bin('1 hour', created_at, timestamptz 'epoch')`;

/**
 * A 64-bit hash over everything of a row that a rollup depends on besides its hour. Added up, it tells whether a set of
 * rows is the same without moving it, several times cheaper than computing the rollups again.
 */
const ROW_HASH = `hashenumextended(action, hashtextextended(ai_model, hash_numeric_extended(estimated_cost_in_euros,
    uuid_hash_extended(author_id, uuid_hash_extended(story_id, uuid_hash_extended(token_usage_id, (input_tokens::bigint << 32) + output_tokens))))))`;

/** What each hour of a range looks like now. Hours without rows are not in it. */
export async function readFingerprints(source: Knex, { from, to }: HourRange): Promise<Fingerprint[]> {
  const { rows } = await source.raw<{ rows: { hour: string; requests: string; fingerprint: string }[] }>(
    `SELECT ${HOUR_OF_ROW} AS hour, count(*) AS requests, sum(${ROW_HASH}) AS fingerprint
       FROM token_usage_tracking
      WHERE created_at >= ? AND created_at < ?
      GROUP BY 1`,
    [isoFromInstant(from), isoFromInstant(to)],
  );
  return rows.map((row) => ({ ...row, hour: instantFromPostgres(row.hour) }));
}

/** Consecutive hours as ranges: few index scans instead of one an hour. */
export function runsOf(hours: Instant[]): HourRange[] {
  const runs: HourRange[] = [];
  for (const hour of [...new Set(hours)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.to === hour) last.to = hour + HOUR;
    else runs.push({ from: hour, to: hour + HOUR });
  }
  return runs;
}

const RUNS = 'unnest(?::timestamptz[], ?::timestamptz[]) AS run (run_from, run_to)';
const IN_RUN = 'created_at >= run_from AND created_at < run_to';

function runBindings(runs: HourRange[]): [string[], string[]] {
  return [runs.map(({ from }) => isoFromInstant(from)), runs.map(({ to }) => isoFromInstant(to))];
}

/** The sums of every (hour, action, model) of some runs of hours, each with the hash of its rows, and of every (hour, story). */
export async function readHourSums(source: Knex, runs: HourRange[]): Promise<{ cells: HourCell[]; sums: StorySum[] }> {
  const { rows } = await source.raw<{ rows: ((HourCell & { story_id: null }) | StorySum)[] }>(
    `SELECT ${HOUR_OF_ROW} AS hour, action::text, ai_model AS model, story_id, author_id, count(*) AS requests,
            sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
            sum(estimated_cost_in_euros) AS cost, count(*) FILTER (WHERE estimated_cost_in_euros = 0) AS zero_cost,
            sum(${ROW_HASH}) AS fingerprint
       FROM ${RUNS} JOIN token_usage_tracking ON ${IN_RUN}
      GROUP BY GROUPING SETS ((1, action, ai_model), (1, story_id, author_id))`,
    runBindings(runs),
  );
  const cells: HourCell[] = [];
  const sums: StorySum[] = [];
  for (const row of rows) {
    if (row.story_id === null) cells.push(row);
    else sums.push(row);
  }
  return { cells, sums };
}

/**
 * A story's rows by the index on story_id, one story at a time: OFFSET 0 keeps the planner from joining the whole index
 * instead, which it likes to do because it takes stories for much smaller than they are together.
 */
const STORY_ROWS = `SELECT action, ai_model, created_at FROM token_usage_tracking AS of_story WHERE of_story.story_id = active.story_id`;

/** One (story, action, model, hour) with records; the hour by its number since 1970. */
export type StoryVisit = { story: string; action: string; model: string; hour: number };

/** Where and when the stories of some runs were active, from their first record to the end of the last run. */
export async function readStoryVisits(source: Knex, runs: HourRange[]): Promise<StoryVisit[]> {
  const { rows } = await source.raw<{ rows: StoryVisit[] }>(
    `WITH active AS (
       SELECT DISTINCT story_id FROM ${RUNS} JOIN token_usage_tracking ON ${IN_RUN}
     )
     SELECT active.story_id AS story, action::text, ai_model AS model, floor(extract(epoch FROM created_at) / 3600)::integer AS hour
       FROM active CROSS JOIN LATERAL (${STORY_ROWS} AND created_at < ? OFFSET 0) AS row
      GROUP BY active.story_id, action, ai_model, 4`,
    [...runBindings(runs), isoFromInstant(Math.max(...runs.map(({ to }) => to)))],
  );
  return rows;
}

/** Where and when some stories were active, ever. */
export async function readVisitsOf(source: Knex, stories: string[]): Promise<StoryVisit[]> {
  const { rows } = await source.raw<{ rows: StoryVisit[] }>(
    `SELECT active.story_id AS story, action::text, ai_model AS model, floor(extract(epoch FROM created_at) / 3600)::integer AS hour
       FROM unnest(?::uuid[]) AS active (story_id) CROSS JOIN LATERAL (${STORY_ROWS} OFFSET 0) AS row
      GROUP BY active.story_id, action, ai_model, 4`,
    [stories],
  );
  return rows;
}

/** The later hours in which the stories of some hours were active: there the "last active before" may point to these. */
export async function readLaterHours(source: Knex, runs: HourRange[]): Promise<Instant[]> {
  const { rows } = await source.raw<{ rows: { hour: string }[] }>(
    `WITH active AS (
       SELECT DISTINCT story_id FROM ${RUNS} JOIN token_usage_tracking ON ${IN_RUN}
     )
     SELECT DISTINCT ${HOUR_OF_ROW} AS hour
       FROM active CROSS JOIN LATERAL (${STORY_ROWS} AND created_at >= ? OFFSET 0) AS row`,
    [...runBindings(runs), isoFromInstant(Math.min(...runs.map(({ from }) => from)))],
  );
  return rows.map(({ hour }) => instantFromPostgres(hour));
}

/** The instant of the oldest record, or null without any. */
export async function readEarliest(source: Knex): Promise<Instant | null> {
  const row = await source('token_usage_tracking').min<{ min: string | null }[]>('created_at as min').first();
  return row?.min ? instantFromPostgres(row.min) : null;
}
