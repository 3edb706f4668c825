import type { Knex } from 'knex';
import { exactInteger } from '../../../units/integer.ts';
import { compareInstants, type Instant, instantFromPostgres, postgresFromInstant } from '../../../units/time.ts';
import type { Coverage } from '../coverage.ts';
import { type Fingerprint, type HourRange, readFingerprints, readHourCells, runsOf } from '../source-hours.ts';
import { type Changes, type Progress, writeChanges } from './write.ts';

export type RollupDatabases = { workflows: Knex; backoffice: Knex };

const SOURCE_TIMEOUT = '60s';

/** A covered hour whose rows are not those that the rollups were computed from, and how many it holds or held. */
export type DifferingHour = { hour: Instant; requests: number };

/** What is recomputed by one transaction: hours that hold so many records, and at least one. */
export const RECORDS_A_PIECE = 10_000;

/**
 * Makes hours what the source says of them, whatever their rows were: in pieces, each of one moment of the source and one
 * transaction, until it is late. Writes with each piece what `progress` makes of the first hour that is left (null: none). Each piece
 * is right by itself, so this may be killed anywhere, or run beside another refresher: the one whose version is no longer
 * current writes nothing. `coverage` is to be read before the source has been.
 */
export async function recompute(
  { workflows, backoffice }: RollupDatabases,
  coverage: Coverage,
  hours: DifferingHour[],
  progress: (next: Instant | null) => Progress,
  isLate: () => boolean = () => false,
): Promise<'done' | 'late' | 'overtaken'> {
  const pieces = piecesOf(hours);
  let { version } = coverage;
  for (const [i, piece] of pieces.entries()) {
    if (i > 0 && isLate()) return 'late';
    const changes = await inSnapshot(workflows, (snapshot) => readHours(snapshot, runsOf(piece)));
    const written = await writeChanges(
      backoffice,
      changes,
      { ...coverage, version },
      progress(pieces[i + 1]?.[0] ?? null),
    );
    if (written === null) return 'overtaken';
    version = written;
  }
  return 'done';
}

/** One at least, which may be empty. */
function piecesOf(hours: DifferingHour[]): Instant[][] {
  const pieces: Instant[][] = [[]];
  let records = 0;
  for (const { hour, requests } of hours) {
    if (records > 0 && records + requests > RECORDS_A_PIECE) {
      pieces.push([]);
      records = 0;
    }
    pieces.at(-1)?.push(hour);
    records += requests;
  }
  return pieces;
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
): Promise<DifferingHour[]> {
  if (ranges.length === 0) return [];
  const hours = await inSnapshot(workflows, (snapshot) => differingHours(snapshot, backoffice, ranges));
  return hours.sort((a, b) => compareInstants(a.hour, b.hour));
}

/** All that the source says of some hours, of one moment. */
export function readAnew(workflows: Knex, range: HourRange): Promise<Changes> {
  return inSnapshot(workflows, (snapshot) => readHours(snapshot, [range]));
}

async function readHours(snapshot: Knex, runs: HourRange[]): Promise<Changes> {
  return { runs, cells: runs.length === 0 ? [] : await readHourCells(snapshot, runs) };
}

async function differingHours(snapshot: Knex, backoffice: Knex, ranges: HourRange[]): Promise<DifferingHour[]> {
  const differing: DifferingHour[] = [];
  for (const range of ranges) {
    const [now, stored] = await Promise.all([readFingerprints(snapshot, range), storedFingerprints(backoffice, range)]);
    const before = new Map(stored.map((one) => [one.hour, one]));
    const after = new Map(now.map((one) => [one.hour, one]));
    for (const hour of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(hour), after.get(hour)];
      if (was?.requests === is?.requests && was?.fingerprint === is?.fingerprint) continue;
      const requests = Math.max(exactInteger(was?.requests ?? '0'), exactInteger(is?.requests ?? '0'));
      differing.push({ hour, requests });
    }
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
