import type { Knex } from 'knex';
import { compareDays, postgresFromDay } from '../../units/calendar.ts';
import {
  addDays,
  type Day,
  dayOf,
  endOfDay,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  startOfDay,
  startOfHourNumber,
} from '../../units/time.ts';
import type { Coverage } from './coverage.ts';
import { wholeHoursSince } from './segments.ts';
import type { HourCell, HourRange } from './source-hours.ts';
import type { StoryHour } from './story-hours.ts';

/** What a refresh changes of the state besides the rows: how far coverage and audit have come. */
export type Progress = Partial<Pick<Coverage, 'coveredUntil' | 'auditBeganAt' | 'auditPosition' | 'auditedUntil'>>;

/** What to write: the runs of hours to replace, and all that is in them now. */
export type Changes = { runs: HourRange[]; cells: HourCell[]; visits: StoryHour[] };

const STATE_COLUMNS = {
  coveredUntil: 'covered_until',
  auditBeganAt: 'audit_began_at',
  auditPosition: 'audit_position',
  auditedUntil: 'audited_until',
} as const;

/**
 * Replaces hours, and the days made of them, in one transaction, and moves the state on. Returns the new version, or null
 * when another refresher has written since `coverage` was read: then nothing is changed.
 */
export function writeChanges(
  backoffice: Knex,
  changes: Changes,
  coverage: Coverage,
  timeZone: string,
  progress: Progress,
): Promise<string | null> {
  return backoffice.transaction((transaction) => write(transaction, changes, coverage, timeZone, progress));
}

async function write(
  transaction: Knex,
  { runs, cells, visits }: Changes,
  coverage: Coverage,
  timeZone: string,
  progress: Progress,
): Promise<string | null> {
  const columns = Object.entries(progress).map(([name, value]) => [
    STATE_COLUMNS[name as keyof Progress],
    value === null ? null : postgresFromInstant(value),
  ]);
  const changesContent = runs.length > 0 || coverage.timeZone !== timeZone;
  const [current] = await transaction('rollup_state')
    .where('version', coverage.version)
    .update({
      version: transaction.raw('version + 1'),
      ...(changesContent ? { content_version: transaction.raw('version + 1') } : {}),
      time_zone: timeZone,
      ...Object.fromEntries(columns),
    })
    .returning<{ version: string }[]>('version');
  if (!current) return null;

  const touched = new Set(cells.map(({ hour }) => hour));
  for (const run of runs) for (const hour of await deleteHours(transaction, run)) touched.add(hour);
  await insertCells(transaction, cells);
  await insertVisits(transaction, visits);
  const coveredUntil = progress.coveredUntil ?? coverage.coveredUntil;
  if (coverage.timeZone !== timeZone)
    await transaction.raw('TRUNCATE usage_days, usage_days_by_story, story_days, rollup_days');
  const hours = coverage.timeZone === timeZone ? [...touched] : await allHours(transaction);
  // The day that was not covered to its end may be so now.
  const last = coverage.coveredUntil === null ? [] : [coverage.coveredUntil - 1n];
  const days = completeDays([...hours.map(instantFromPostgres), ...last], coveredUntil, timeZone);
  for (let first = 0; first < days.length; first += DAYS_A_WRITE)
    await writeDays(transaction, days.slice(first, first + DAYS_A_WRITE), timeZone);
  return current.version;
}

/** Deletes the hours of a run, and says which there were. */
async function deleteHours(transaction: Knex, { from, to }: HourRange): Promise<string[]> {
  const within = (table: string) =>
    transaction(table).where('hour', '>=', postgresFromInstant(from)).where('hour', '<', postgresFromInstant(to));
  for (const table of ['usage_hours', 'usage_hours_by_story', 'story_hours']) await within(table).delete();
  const rows = await within('hour_fingerprints').delete().returning<{ hour: string }[]>('hour');
  return rows.map(({ hour }) => hour);
}

async function insertCells(transaction: Knex, cells: HourCell[]): Promise<void> {
  if (cells.length === 0) return;
  const column = (name: keyof HourCell) => cells.map((cell) => cell[name]);
  await transaction.raw(
    `INSERT INTO usage_hours (hour, action, model, requests, input_tokens, output_tokens, cost, zero_cost, no_number)
     SELECT * FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::numeric[], ?::bigint[], ?::bigint[])`,
    [
      column('hour'),
      column('action'),
      column('model'),
      column('requests'),
      column('input_tokens'),
      column('output_tokens'),
      column('cost'),
      column('zero_cost'),
      column('no_number'),
    ],
  );
  await transaction.raw(
    `INSERT INTO usage_hours_by_story (hour, action, model, story_ids, author_ids, requests, input_tokens, output_tokens, cost)
     SELECT hour, action, model, story_ids::uuid[], author_ids::uuid[],
            requests::bigint[], input_tokens::bigint[], output_tokens::bigint[], cost::numeric[]
       FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
         AS cell (hour, action, model, story_ids, author_ids, requests, input_tokens, output_tokens, cost)`,
    [
      column('hour'),
      column('action'),
      column('model'),
      column('story_ids'),
      column('author_ids'),
      column('story_requests'),
      column('story_input_tokens'),
      column('story_output_tokens'),
      column('story_cost'),
    ],
  );
  await transaction.raw(
    `INSERT INTO hour_fingerprints (hour, requests, fingerprint)
     SELECT hour, sum(requests), sum(fingerprint)
       FROM unnest(?::timestamptz[], ?::bigint[], ?::numeric[]) AS cell (hour, requests, fingerprint) GROUP BY hour`,
    [column('hour'), column('requests'), column('fingerprint')],
  );
}

async function insertVisits(transaction: Knex, visits: StoryHour[]): Promise<void> {
  if (visits.length === 0) return;
  await transaction.raw(
    `INSERT INTO story_hours (hour, action, model, previous_hour, stories)
     SELECT * FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::timestamptz[], ?::integer[])`,
    [
      visits.map(({ hour }) => postgresFromInstant(startOfHourNumber(hour))),
      visits.map(({ action }) => action),
      visits.map(({ model }) => model),
      visits.map(({ previous }) =>
        previous === null ? '-infinity' : postgresFromInstant(startOfHourNumber(previous)),
      ),
      visits.map(({ stories }) => stories),
    ],
  );
}

async function allHours(transaction: Knex): Promise<string[]> {
  const rows = await transaction('hour_fingerprints').select<{ hour: string }[]>('hour');
  return rows.map(({ hour }) => hour);
}

/**
 * The business days that some instants fall on and that are covered to their end. Those before days of the zone were made
 * of whole UTC hours are none: they are read raw.
 */
function completeDays(instants: Instant[], coveredUntil: Instant | null, timeZone: string): Day[] {
  const since = wholeHoursSince(timeZone);
  if (coveredUntil === null || since === null) return [];
  const days = new Set(instants.filter((instant) => instant >= since).map((instant) => dayOf(instant, timeZone)));
  return [...days].filter((day) => endOfDay(day, timeZone) <= coveredUntil).sort(compareDays);
}

/** So many days are written by one statement, however long ago the time zone was another. */
const DAYS_A_WRITE = 1_000;

/** Days are their hours added up; a story counts in a day by its first hour there, which knows where it was before. */
async function writeDays(transaction: Knex, days: Day[], timeZone: string): Promise<void> {
  if (days.length === 0) return;
  const names = days.map(postgresFromDay);
  await transaction('rollup_days')
    .insert(
      days.map((day) => ({
        day: postgresFromDay(day),
        version: transaction.raw('(SELECT version FROM rollup_state)'),
      })),
    )
    .onConflict('day')
    .merge();
  for (const table of ['usage_days', 'usage_days_by_story', 'story_days'])
    await transaction(table).whereIn('day', names).delete();
  const bounds = [
    names,
    days.map((day) => postgresFromInstant(startOfDay(day, timeZone))),
    days.map((day) => postgresFromInstant(startOfDay(addDays(day, 1), timeZone))),
  ];
  const BOUNDS = 'unnest(?::date[], ?::timestamptz[], ?::timestamptz[]) AS bounds (day, day_from, day_to)';
  await transaction.raw(
    `INSERT INTO usage_days (day, action, model, requests, input_tokens, output_tokens, cost, zero_cost, no_number)
     SELECT day, action, model, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost), sum(zero_cost), sum(no_number)
       FROM ${BOUNDS} JOIN usage_hours ON hour >= day_from AND hour < day_to
      GROUP BY 1, 2, 3`,
    bounds,
  );
  await transaction.raw(
    `INSERT INTO usage_days_by_story (day, story_id, author_id, requests, input_tokens, output_tokens, cost)
     SELECT day, story_id, author_id, sum(one.requests), sum(one.input_tokens), sum(one.output_tokens), sum(one.cost)
       FROM ${BOUNDS} JOIN usage_hours_by_story AS hours ON hour >= day_from AND hour < day_to
       CROSS JOIN LATERAL unnest(story_ids, author_ids, hours.requests, hours.input_tokens, hours.output_tokens, hours.cost)
         AS one (story_id, author_id, requests, input_tokens, output_tokens, cost)
      GROUP BY 1, 2, 3`,
    bounds,
  );
  await transaction.raw(
    `INSERT INTO story_days (day, action, model, previous_hour, stories)
     SELECT day, action, model, previous_hour, sum(stories)
       FROM ${BOUNDS} JOIN story_hours ON hour >= day_from AND hour < day_to AND previous_hour < day_from
      GROUP BY 1, 2, 3, 4`,
    bounds,
  );
}
