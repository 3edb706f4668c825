import type { Knex } from 'knex';
import {
  addDays,
  type Day,
  dayOf,
  HOUR,
  type Instant,
  instantFromPostgres,
  isoFromInstant,
  startOfDay,
} from '../../units/time.ts';
import { type Coverage, readCoverage } from './coverage.ts';
import {
  type Fingerprint,
  type HourCell,
  type HourRange,
  readFingerprints,
  readHourCells,
  readLaterHours,
  readStoryVisits,
  runsOf,
} from './source-hours.ts';
import { type StoryHour, storyHoursOf } from './story-hours.ts';

export type RollupDatabases = { workflows: Knex; backoffice: Knex };

/** What a refresh changes of the state besides the rows: how far coverage and audit have come. */
export type Progress = Partial<Pick<Coverage, 'coveredUntil' | 'auditBeganAt' | 'auditPosition' | 'auditedUntil'>>;

/** What to write: the runs of hours to replace, and all that is in them now. */
type Changes = { runs: HourRange[]; cells: (HourCell & { fingerprint: string })[]; stories: StoryHour[] };

const SOURCE_TIMEOUT = '60s';

/**
 * Makes the rollups of some ranges what the source says in one repeatable-read snapshot, in one transaction, and moves the
 * state on. Recomputes the hours whose rows have changed, and the later hours of their stories. Never increments, so it may
 * run twice, be killed anywhere, or run beside another: the one whose version is no longer current writes nothing.
 * With `everyHour`, hours are recomputed whether their rows have changed or not. Returns the number of cells written, or null when another refresher was faster.
 */
export async function refresh(
  { workflows, backoffice }: RollupDatabases,
  ranges: HourRange[],
  timeZone: string,
  progress: (coverage: Coverage) => Progress,
  { everyHour = false } = {},
): Promise<number | null> {
  // Before the snapshot: whoever writes after this read has seen the source no later than we do, or makes us stop.
  const coverage = await readCoverage(backoffice);
  const changes = await workflows.transaction(
    async (snapshot) => {
      await snapshot.raw(`SET LOCAL statement_timeout = '${SOURCE_TIMEOUT}'`);
      await snapshot.raw(`SET LOCAL work_mem = '64MB'`);
      return readChanges(snapshot, backoffice, ranges, everyHour ? { ...coverage, coveredUntil: null } : coverage);
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
  return backoffice.transaction((transaction) => write(transaction, changes, coverage, timeZone, progress(coverage)));
}

/**
 * Hours not covered yet are all new. Of covered ones, those whose rows have changed are recomputed, and so are the later
 * hours in which their stories were or are active, for "last active before" may have changed there; where rows of those
 * have changed too, their stories are followed on.
 */
async function readChanges(
  snapshot: Knex,
  backoffice: Knex,
  ranges: HourRange[],
  { coveredUntil }: Coverage,
): Promise<Changes> {
  const fresh: HourRange[] = [];
  let unchecked: HourRange[] = [];
  for (const { from, to } of ranges) {
    const split = Math.min(Math.max(coveredUntil ?? from, from), to);
    if (from < split) unchecked.push({ from, to: split });
    if (split < to) fresh.push({ from: split, to });
  }
  const recompute = new Set<Instant>();
  const followed = new Set<Instant>();
  while (unchecked.length > 0) {
    const differing = (await differingHours(snapshot, backoffice, unchecked)).filter((hour) => !followed.has(hour));
    if (differing.length === 0) break;
    for (const hour of differing) {
      followed.add(hour);
      recompute.add(hour);
    }
    const later = [
      ...(await readLaterHours(snapshot, runsOf(differing))),
      ...(await hoursPointingTo(backoffice, differing)),
    ];
    const added = later.filter((hour) => coveredUntil !== null && hour < coveredUntil && !recompute.has(hour));
    for (const hour of added) recompute.add(hour);
    unchecked = runsOf(added);
  }
  const runs = [...runsOf([...recompute]), ...fresh];
  if (runs.length === 0) return { runs, cells: [], stories: [] };
  return {
    runs,
    cells: await readHourCells(snapshot, runs),
    stories: storyHoursOf(await readStoryVisits(snapshot, runs), runs),
  };
}

/** The hours of some ranges whose rows are not those that the rollups were computed from. */
async function differingHours(snapshot: Knex, backoffice: Knex, ranges: HourRange[]): Promise<Instant[]> {
  const differing: Instant[] = [];
  for (const range of ranges) {
    const [now, stored] = await Promise.all([readFingerprints(snapshot, range), storedFingerprints(backoffice, range)]);
    const key = ({ requests, fingerprint }: Fingerprint) => `${requests} ${fingerprint}`;
    const before = new Map(stored.map((one) => [one.hour, key(one)]));
    const after = new Map(now.map((one) => [one.hour, key(one)]));
    for (const hour of new Set([...before.keys(), ...after.keys()]))
      if (before.get(hour) !== after.get(hour)) differing.push(hour);
  }
  return differing;
}

async function storedFingerprints(backoffice: Knex, { from, to }: HourRange): Promise<Fingerprint[]> {
  const rows = await backoffice('hour_fingerprints')
    .where('hour', '>=', isoFromInstant(from))
    .where('hour', '<', isoFromInstant(to))
    .select<{ hour: string; requests: string; fingerprint: string }[]>('hour', 'requests', 'fingerprint');
  return rows.map((row) => ({ ...row, hour: instantFromPostgres(row.hour) }));
}

/** The hours whose stories were last active in one of these hours, as far as the rollups know. */
async function hoursPointingTo(backoffice: Knex, hours: Instant[]): Promise<Instant[]> {
  const rows = await backoffice('story_hours')
    .distinct<{ hour: string }[]>('hour')
    .whereRaw('previous_hour = ANY(?::timestamptz[])', [hours.map(isoFromInstant)]);
  return rows.map(({ hour }) => instantFromPostgres(hour));
}

const STATE_COLUMNS = {
  coveredUntil: 'covered_until',
  auditBeganAt: 'audit_began_at',
  auditPosition: 'audit_position',
  auditedUntil: 'audited_until',
} as const;

async function write(
  transaction: Knex,
  { runs, cells, stories }: Changes,
  coverage: Coverage,
  timeZone: string,
  progress: Progress,
) {
  const columns = Object.entries(progress).map(([name, value]) => [
    STATE_COLUMNS[name as keyof Progress],
    value === null ? null : isoFromInstant(value),
  ]);
  const changesContent = runs.length > 0 || coverage.timeZone !== timeZone;
  const current = await transaction('rollup_state')
    .where('version', coverage.version)
    .update({
      version: transaction.raw('version + 1'),
      ...(changesContent ? { content_version: transaction.raw('version + 1') } : {}),
      time_zone: timeZone,
      ...Object.fromEntries(columns),
    });
  if (current === 0) return null;

  for (const { from, to } of runs) {
    for (const table of ['usage_hours', 'story_hours', 'hour_fingerprints']) {
      await transaction(table)
        .where('hour', '>=', isoFromInstant(from))
        .where('hour', '<', isoFromInstant(to))
        .delete();
    }
  }
  await insertCells(transaction, cells);
  await insertStories(transaction, stories);
  const coveredUntil = progress.coveredUntil ?? coverage.coveredUntil;
  if (coverage.timeZone !== timeZone) await transaction.raw('TRUNCATE usage_days, story_days, rollup_days');
  const earliest = coverage.timeZone === timeZone ? null : await earliestHour(transaction);
  const touched = earliest === null || coveredUntil === null ? runs : [{ from: earliest, to: coveredUntil }];
  await writeDays(transaction, completeDays(touched, coveredUntil, coverage.coveredUntil, timeZone), timeZone);
  return cells.length;
}

async function insertCells(transaction: Knex, cells: Changes['cells']): Promise<void> {
  if (cells.length === 0) return;
  const column = (name: keyof Changes['cells'][number]) => cells.map((cell) => cell[name]);
  await transaction.raw(
    `INSERT INTO usage_hours (hour, action, model, requests, input_tokens, output_tokens, cost, zero_cost)
     SELECT * FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::numeric[], ?::bigint[])`,
    [
      column('hour'),
      column('action'),
      column('model'),
      column('requests'),
      column('input_tokens'),
      column('output_tokens'),
      column('cost'),
      column('zero_cost'),
    ],
  );
  await transaction.raw(
    `INSERT INTO hour_fingerprints (hour, requests, fingerprint)
     SELECT hour, sum(requests), sum(fingerprint)
       FROM unnest(?::timestamptz[], ?::bigint[], ?::numeric[]) AS cell (hour, requests, fingerprint) GROUP BY hour`,
    [column('hour'), column('requests'), column('fingerprint')],
  );
}

async function insertStories(transaction: Knex, stories: StoryHour[]): Promise<void> {
  if (stories.length === 0) return;
  await transaction.raw(
    `INSERT INTO story_hours (hour, action, model, previous_hour, stories)
     SELECT * FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::timestamptz[], ?::integer[])`,
    [
      stories.map(({ hour }) => isoFromInstant(hour * HOUR)),
      stories.map(({ action }) => action),
      stories.map(({ model }) => model),
      stories.map(({ previous }) => (previous === null ? '-infinity' : isoFromInstant(previous * HOUR))),
      stories.map((row) => row.stories),
    ],
  );
}

async function earliestHour(transaction: Knex): Promise<Instant | null> {
  const row = await transaction('usage_hours').min<{ min: string | null }[]>('hour as min').first();
  return row?.min ? instantFromPostgres(row.min) : null;
}

/** The business days that have hours in these runs and are covered to their end; also those that coverage has just completed. */
function completeDays(
  runs: HourRange[],
  coveredUntil: Instant | null,
  before: Instant | null,
  timeZone: string,
): Day[] {
  const days = new Set<Day>();
  const justCovered = before !== null && coveredUntil !== null ? [{ from: before - 1, to: coveredUntil }] : [];
  for (const { from, to } of [...runs, ...justCovered]) {
    for (let day = dayOf(from, timeZone); startOfDay(day, timeZone) < to; day = addDays(day, 1)) {
      if (coveredUntil !== null && startOfDay(addDays(day, 1), timeZone) <= coveredUntil) days.add(day);
    }
  }
  return [...days];
}

/** Days are their hours added up; a story counts in a day by its first hour there, which knows where it was before. */
async function writeDays(transaction: Knex, days: Day[], timeZone: string): Promise<void> {
  if (days.length === 0) return;
  await transaction('rollup_days')
    .insert(days.map((day) => ({ day, version: transaction.raw('(SELECT version FROM rollup_state)') })))
    .onConflict('day')
    .merge();
  await transaction('usage_days').whereIn('day', days).delete();
  await transaction('story_days').whereIn('day', days).delete();
  const bounds = [
    days,
    days.map((day) => isoFromInstant(startOfDay(day, timeZone))),
    days.map((day) => isoFromInstant(startOfDay(addDays(day, 1), timeZone))),
  ];
  const BOUNDS = 'unnest(?::date[], ?::timestamptz[], ?::timestamptz[]) AS bounds (day, day_from, day_to)';
  await transaction.raw(
    `INSERT INTO usage_days (day, action, model, requests, input_tokens, output_tokens, cost, zero_cost)
     SELECT day, action, model, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost), sum(zero_cost)
       FROM ${BOUNDS} JOIN usage_hours ON hour >= day_from AND hour < day_to
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
