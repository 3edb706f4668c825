import type { Knex } from 'knex';
import { groupedBy } from '../../../units/grouped-by.ts';
import { exactInteger } from '../../../units/integer.ts';
import { handled } from '../../../units/promises/handled.ts';
import {
  compareInstants,
  dayOf,
  HOUR,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
} from '../../../units/time.ts';
import type { Coverage } from '../coverage.ts';
import {
  endOfRecords,
  type Fingerprint,
  type HourRange,
  readFingerprints,
  readHourCells,
  runsOf,
} from '../source-hours.ts';
import { RECORDS_A_COMPARISON, RECORDS_A_DAY, RECORDS_A_PIECE, STATEMENT_TIMEOUT } from './limits.ts';
import { type Changes, type Progress, writeChanges } from './write.ts';

export type RollupDatabases = { workflows: Knex; backoffice: Knex };

/** A covered hour whose rows are not those that the rollups were computed from, and how many it holds or held. */
export type DifferingHour = { hour: Instant; requests: number };

const turns = new WeakMap<Knex, Promise<unknown>>();

/**
 * One refresher of a process at a time: of two each would overtake the other, and what is overtaken is compared and read
 * again. Not to be asked for from within a turn.
 */
export function oneAfterAnother<T>({ backoffice }: RollupDatabases, work: () => Promise<T>): Promise<T> {
  const done = handled((turns.get(backoffice) ?? Promise.resolve()).then(work));
  turns.set(
    backoffice,
    done.then(
      () => {},
      () => {},
    ),
  );
  return done;
}

/**
 * Computes hours anew from the records of the source, whatever the rollups held of them. It goes in pieces: each reads the source in one
 * snapshot and replaces its hours, and the days that they lie in, in one transaction, with what `progress` makes of
 * the first hour that is left (null: none). So it may be killed anywhere, or run beside another refresher: of two, the one
 * whose `coverage` (read before the source was) is no longer the current version writes nothing and is 'overtaken'.
 */
export async function recompute(
  { workflows, backoffice }: RollupDatabases,
  coverage: Coverage,
  hours: DifferingHour[],
  progress: (next: Instant | null) => Progress,
  isLate: () => boolean = () => false,
): Promise<'done' | 'late' | 'overtaken'> {
  const pieces = piecesOf(hours, coverage.timeZone);
  const read = (piece: Instant[]) => inSnapshot(workflows, (snapshot) => readHours(snapshot, runsOf(piece)));
  let { version } = coverage;
  let reading: Promise<Changes> | null = null;
  try {
    for (const [i, piece] of pieces.entries()) {
      if (i > 0 && isLate()) return 'late';
      const changes: Changes = await (reading ?? read(piece));
      const next = pieces[i + 1];
      // The source works on the next piece while this one is written.
      reading = next ? handled(read(next)) : null;
      const written = await writeChanges(backoffice, changes, { ...coverage, version }, progress(next?.[0] ?? null));
      if (written === null) return 'overtaken';
      version = written;
    }
    return 'done';
  } finally {
    await reading?.catch(() => {});
  }
}

/** One at least, which may be empty. Days stay together where they are not too large. */
function piecesOf(hours: DifferingHour[], timeZone: string | null): Instant[][] {
  const pieces: Instant[][] = [[]];
  let records = 0;
  const put = (some: DifferingHour[]) => {
    const more = recordsIn(some);
    if (records > 0 && records + more > RECORDS_A_PIECE) {
      pieces.push([]);
      records = 0;
    }
    for (const { hour } of some) pieces.at(-1)?.push(hour);
    records += more;
  };
  for (const day of groupedBy(hours, ({ hour }) => dayOf(hour, timeZone ?? 'UTC')).values()) {
    if (recordsIn(day) <= RECORDS_A_DAY) put(day);
    else for (const hour of day) put([hour]);
  }
  return pieces;
}

const recordsIn = (hours: DifferingHour[]): number => hours.reduce((sum, { requests }) => sum + requests, 0);

/** Reads one moment of the source, with the time and memory that rollups need. */
export function inSnapshot<T>(workflows: Knex, read: (snapshot: Knex) => Promise<T>): Promise<T> {
  return workflows.transaction(
    async (snapshot) => {
      await snapshot.raw(`SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`);
      await snapshot.raw(`SET LOCAL work_mem = '64MB'`);
      await snapshot.raw('SET LOCAL max_parallel_workers_per_gather = 2');
      return read(snapshot);
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/**
 * The covered hours of some ranges whose rows are not those that the rollups were computed from, oldest first. `goOn` is
 * called between statements, and may throw.
 */
export async function findDifferingHours(
  { workflows, backoffice }: RollupDatabases,
  ranges: HourRange[],
  goOn: () => void = () => {},
): Promise<DifferingHour[]> {
  if (ranges.length === 0) return [];
  const hours = await inSnapshot(workflows, (snapshot) => differingHours(snapshot, backoffice, ranges, goOn));
  return hours.sort((a, b) => compareInstants(a.hour, b.hour));
}

/** All that the source says of some hours, of one moment. */
export function readAnew(workflows: Knex, range: HourRange): Promise<Changes> {
  return inSnapshot(workflows, (snapshot) => readHours(snapshot, [range]));
}

async function readHours(snapshot: Knex, runs: HourRange[]): Promise<Changes> {
  return { runs, cells: runs.length === 0 ? [] : await readHourCells(snapshot, runs) };
}

async function differingHours(
  snapshot: Knex,
  backoffice: Knex,
  ranges: HourRange[],
  goOn: () => void,
): Promise<DifferingHour[]> {
  const differing: DifferingHour[] = [];
  for (const { from, to } of ranges) {
    for (let begin: Instant = from; begin < to; ) {
      goOn();
      const end = to - begin <= HOUR ? to : await endOfRecords(snapshot, { from: begin, to }, RECORDS_A_COMPARISON);
      for (const hour of await differingIn(snapshot, backoffice, { from: begin, to: end })) differing.push(hour);
      begin = end;
    }
  }
  return differing;
}

async function differingIn(snapshot: Knex, backoffice: Knex, range: HourRange): Promise<DifferingHour[]> {
  const [now, stored] = await Promise.all([readFingerprints(snapshot, range), storedFingerprints(backoffice, range)]);
  const before = new Map(stored.map((one) => [one.hour, one]));
  const after = new Map(now.map((one) => [one.hour, one]));
  const differing: DifferingHour[] = [];
  for (const hour of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(hour), after.get(hour)];
    if (was?.requests === is?.requests && was?.fingerprint === is?.fingerprint) continue;
    const requests = Math.max(exactInteger(was?.requests ?? '0'), exactInteger(is?.requests ?? '0'));
    differing.push({ hour, requests });
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
