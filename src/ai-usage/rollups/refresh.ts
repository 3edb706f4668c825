import type { Knex } from 'knex';
import {
  compareInstants,
  earliest,
  type Instant,
  instantFromPostgres,
  latest,
  postgresFromInstant,
} from '../../units/time.ts';
import { type Coverage, readCoverage } from './coverage.ts';
import {
  type Fingerprint,
  type HourRange,
  readFingerprints,
  readHourCells,
  readLaterHours,
  readVisitsOf,
  runsOf,
  visitsIn,
} from './source-hours.ts';
import { storyHoursOf } from './story-hours.ts';
import { type Changes, type Progress, writeChanges } from './write.ts';

export type RollupDatabases = { workflows: Knex; backoffice: Knex };

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
  const changes = await inSnapshot(workflows, (snapshot) =>
    readChanges(snapshot, backoffice, ranges, everyHour ? { ...coverage, coveredUntil: null } : coverage),
  );
  const version = await writeChanges(backoffice, changes, coverage, timeZone, progress(coverage));
  return version === null ? null : changes.cells.length;
}

/** Reads one moment of the source, with the time and memory that rollups need. */
export function inSnapshot<T>(workflows: Knex, read: (snapshot: Knex) => Promise<T>): Promise<T> {
  return workflows.transaction(
    async (snapshot) => {
      await snapshot.raw(`SET LOCAL statement_timeout = '${SOURCE_TIMEOUT}'`);
      await snapshot.raw(`SET LOCAL work_mem = '64MB'`);
      await snapshot.raw('SET LOCAL max_parallel_workers_per_gather = 2');
      return read(snapshot);
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/** The covered hours of some ranges whose rows are not those that the rollups were computed from, oldest first. */
export async function findDifferingHours(
  { workflows, backoffice }: RollupDatabases,
  ranges: HourRange[],
): Promise<Instant[]> {
  if (ranges.length === 0) return [];
  const hours = await inSnapshot(workflows, (snapshot) => differingHours(snapshot, backoffice, ranges));
  return hours.sort(compareInstants);
}

/** All that the source says of hours which are not covered yet, in one snapshot. */
export function readFresh(workflows: Knex, range: HourRange): Promise<Changes> {
  return inSnapshot(workflows, (snapshot) => readHours(snapshot, [range]));
}

async function readHours(snapshot: Knex, runs: HourRange[]): Promise<Changes> {
  if (runs.length === 0) return { runs, cells: [], visits: [] };
  const cells = await readHourCells(snapshot, runs);
  const visits = visitsIn(cells);
  const stories = [...new Set(visits.map(({ story }) => story))];
  // Of earlier runs, if there are any, it tells once more what the cells say.
  const before = await readVisitsOf(snapshot, stories, runs.map(({ from }) => from).reduce(latest));
  return { runs, cells, visits: storyHoursOf([...before, ...visits], runs) };
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
    const split = earliest(latest(coveredUntil ?? from, from), to);
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
  return readHours(snapshot, [...runsOf([...recompute]), ...fresh]);
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
    .where('hour', '>=', postgresFromInstant(from))
    .where('hour', '<', postgresFromInstant(to))
    .select<{ hour: string; requests: string; fingerprint: string }[]>('hour', 'requests', 'fingerprint');
  return rows.map((row) => ({ ...row, hour: instantFromPostgres(row.hour) }));
}

/** The hours whose stories were last active in one of these hours, as far as the rollups know. */
async function hoursPointingTo(backoffice: Knex, hours: Instant[]): Promise<Instant[]> {
  const rows = await backoffice('story_hours')
    .distinct<{ hour: string }[]>('hour')
    .whereRaw('previous_hour = ANY(?::timestamptz[])', [hours.map(postgresFromInstant)]);
  return rows.map(({ hour }) => instantFromPostgres(hour));
}
