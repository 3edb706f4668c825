import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { NameDatabases } from '../../../catalog/known-names.ts';
import { nameRefresher } from '../../../catalog/refresh-names.ts';
import { followSourceClock } from '../../../db/source-clock.ts';
import { loggable } from '../../../units/failures/loggable.ts';
import { createOutages, type Outages } from '../../../units/failures/outages.ts';
import { handled } from '../../../units/promises/handled.ts';
import {
  addTime,
  BEGIN_OF_TIME,
  earliest,
  HOUR,
  type Instant,
  instantFromPostgres,
  now,
  postgresFromInstant,
  startOfHour,
} from '../../../units/time.ts';
import { type Coverage, LATE_COMMITS, readCoverage } from '../coverage.ts';
import { wholeHoursSince } from '../segments.ts';
import { endOfRecords, type HourRange, readEarliest } from '../source-hours.ts';
import { RECORDS_A_PIECE } from './limits.ts';
import { type GoOn, recomputeDiffering } from './mend.ts';
import { beginAgain, compareWithSource, createOrigin, type Finding, isOf, type Origin } from './origin.ts';
import { findDifferingHours, oneAfterAnother, type RollupDatabases, readAnew, recompute } from './refresh.ts';
import { writeChanges } from './write.ts';
import { adoptTimeZone, buildDays } from './write-days.ts';

const TICK_MS = 60_000;
/** What every tick makes right. */
export const RECENT = 26n * HOUR;
/** What takes longer than this is left to the next tick. */
const TICK_BUDGET_MS = 20_000;
/** A full audit takes this many ticks at most, so less than two hours. */
const TICKS_PER_AUDIT = 110;

/** The hour up to which rollups can be complete at an instant. */
export function coverableUntil(instant: Instant): Instant {
  return startOfHour(addTime(instant, -LATE_COMMITS));
}

const hoursBetween = (from: Instant, to: Instant): number => Number((to - from) / HOUR);

export type BackfillProgress = { done: number; total: number };

/**
 * Brings coverage up to now, oldest chunk first: a later chunk then always sees what an earlier one was computed from or
 * newer, and what differs is healed by the audit. Reports progress in hours.
 */
export async function backfill(
  databases: RollupDatabases,
  timeZone: string,
  at: Instant,
  onProgress: (progress: BackfillProgress) => void = () => {},
): Promise<void> {
  const { workflows, backoffice } = databases;
  await adoptTimeZone(backoffice, timeZone);
  const target = coverableUntil(at);
  let coverage = await readCoverage(backoffice);
  const begin = coverage.coveredUntil ?? (await firstHour(workflows, target));
  const chunkFrom = (from: Instant) => nextChunk(workflows, from, target);
  const read = (chunk: HourRange | null) => chunk && readAnew(workflows, chunk);
  let chunk = await chunkFrom(begin);
  let reading = handled(read(chunk));
  while (chunk && reading) {
    const changes = await reading;
    // The source works on the next chunk while this one is written.
    const next = await chunkFrom(chunk.to);
    reading = handled(read(next));
    const coveredUntil = chunk.to;
    const version = await writeChanges(backoffice, changes, coverage, { coveredUntil });
    if (version !== null) {
      coverage = { ...coverage, version, coveredUntil };
      chunk = next;
    } else {
      // Another refresher has moved on, or begun again; continue from where it is.
      coverage = await readCoverage(backoffice);
      chunk = await chunkFrom(coverage.coveredUntil ?? (await firstHour(workflows, target)));
      reading = handled(read(chunk));
    }
    onProgress({ done: hoursBetween(begin, coverage.coveredUntil ?? begin), total: hoursBetween(begin, target) });
  }
}

/** What is computed at once: as many hours as hold few records, and at least one, so that empty stretches cost nothing. Null at the end. */
async function nextChunk(workflows: Knex, from: Instant, end: Instant): Promise<HourRange | null> {
  return from >= end ? null : { from, to: await endOfRecords(workflows, { from, to: end }, RECORDS_A_PIECE) };
}

/** Where the rollups begin: the hour of the oldest record, or where they are to end when there is none. */
async function firstHour(workflows: Knex, target: Instant): Promise<Instant> {
  const first = await readEarliest(workflows);
  return earliest(startOfHour(first ?? target), target);
}

/**
 * Computes every covered hour again, oldest chunk first, while readers go on with what is there; then covers up to now. What is of
 * another source goes at once.
 */
export async function rebuild(
  databases: RollupDatabases,
  timeZone: string,
  onProgress: (progress: BackfillProgress) => void,
): Promise<void> {
  const coverage = await readCoverage(databases.backoffice);
  const isOfSource = ['same', 'changed'].includes((await compareWithSource(databases, coverage)).kind);
  const { coveredUntil } = isOfSource ? coverage : ((await beginAgain(databases.backoffice, coverage)) ?? coverage);
  const begin = await oldestHour(databases);
  if (coveredUntil !== null && begin !== null) {
    const total = hoursBetween(begin, coveredUntil);
    let chunk = await nextChunk(databases.workflows, begin, coveredUntil);
    while (chunk) {
      const current = await readCoverage(databases.backoffice);
      // Begun again by another process: what follows covers all of it.
      if (current.coveredUntil === null) break;
      const changes = await readAnew(databases.workflows, chunk);
      if ((await writeChanges(databases.backoffice, changes, current, {}, { anew: true })) === null) continue;
      onProgress({ done: hoursBetween(begin, chunk.to), total });
      chunk = await nextChunk(databases.workflows, chunk.to, coveredUntil);
    }
  }
  await backfill(databases, timeZone, now(), onProgress);
  await buildDays(databases.backoffice);
}

/** The oldest hour that has records or rollups, or null without any. */
async function oldestHour({ workflows, backoffice }: RollupDatabases): Promise<Instant | null> {
  const first = await readEarliest(workflows);
  const stored = await backoffice('hour_fingerprints').min<{ min: string | null }[]>('hour as min').first();
  const candidates = [
    ...(first === null ? [] : [startOfHour(first)]),
    ...(stored?.min ? [instantFromPostgres(stored.min)] : []),
  ];
  return candidates.length === 0 ? null : candidates.reduce(earliest);
}

/** The next stretch of older hours to audit: an even share of all records, however they are spread. */
async function nextSlice({ backoffice, workflows }: RollupDatabases, coverage: Coverage, recentFrom: Instant) {
  const from = coverage.auditPosition ?? (await oldestHour({ backoffice, workflows })) ?? recentFrom;
  if (from >= recentFrom) return { from: recentFrom, to: recentFrom };
  const { rows } = await backoffice.raw<{ rows: { hour: string | null }[] }>(
    `SELECT min(hour) AS hour FROM (
       SELECT hour, sum(requests) OVER (ORDER BY hour) AS so_far, (SELECT sum(requests) FROM hour_fingerprints) AS total
         FROM hour_fingerprints WHERE hour >= ? AND hour < ?) AS running
      WHERE so_far >= total / ?`,
    [postgresFromInstant(from), postgresFromInstant(recentFrom), TICKS_PER_AUDIT],
  );
  const end = rows[0]?.hour ? addTime(instantFromPostgres(rows[0].hour), HOUR) : recentFrom;
  return { from, to: earliest(end, recentFrom) };
}

/**
 * One minute's work: covers new hours, makes the last 26 hours right, builds days that a change of time zone has left to build, and
 * audits the next slice of older hours. What is not done in time is left to the next tick, which begins where this one came to.
 * `goOn` is called between pieces of it, and may throw.
 * At the end of a round of slices everything that was committed before the round began is in the rollups.
 */
export function tick(
  databases: RollupDatabases,
  timeZone: string,
  at: Instant,
  { budgetMs = TICK_BUDGET_MS, goOn = () => {} }: { budgetMs?: number; goOn?: GoOn } = {},
): Promise<void> {
  return oneAfterAnother(databases, async () => {
    const begun = performance.now();
    const isLate = () => {
      goOn();
      return performance.now() - begun > budgetMs;
    };
    await backfill(databases, timeZone, at, goOn);
    const { coveredUntil } = await readCoverage(databases.backoffice);
    if (coveredUntil === null) return;
    const recentFrom = earliest(startOfHour(addTime(at, -RECENT)), coveredUntil);
    if (!(await correct(databases, { from: recentFrom, to: coveredUntil }, isLate, goOn))) return;
    await buildDays(databases.backoffice, isLate);
    await auditSlice(databases, recentFrom, at, isLate, goOn);
  });
}

/** Recomputes the hours of a range that differ. Whether all of them are right now. */
async function correct(
  databases: RollupDatabases,
  range: HourRange,
  isLate: () => boolean,
  goOn: GoOn,
): Promise<boolean> {
  const coverage = await readCoverage(databases.backoffice);
  const differing = await findDifferingHours(databases, [range], goOn);
  return differing.length === 0 || (await recompute(databases, coverage, differing, () => ({}), isLate)) === 'done';
}

async function auditSlice(
  databases: RollupDatabases,
  recentFrom: Instant,
  at: Instant,
  isLate: () => boolean,
  goOn: GoOn,
): Promise<void> {
  const coverage = await readCoverage(databases.backoffice);
  const slice = await nextSlice(databases, coverage, recentFrom);
  const differing = slice.from < slice.to ? await findDifferingHours(databases, [slice], goOn) : [];
  const auditBeganAt = coverage.auditBeganAt ?? at;
  await recompute(
    databases,
    coverage,
    differing,
    (next) => {
      const auditPosition = next ?? slice.to;
      return auditPosition < recentFrom
        ? { auditBeganAt, auditPosition }
        : { auditBeganAt: null, auditPosition: null, auditedUntil: auditBeganAt };
    },
    isLate,
  );
}

/** Audits everything at once: afterwards every change committed before the call is in the rollups. */
export async function auditAll(databases: RollupDatabases, timeZone: string, at: Instant): Promise<void> {
  await backfill(databases, timeZone, at);
  for (let result = ''; result !== 'done'; ) {
    const coverage = await readCoverage(databases.backoffice);
    const { coveredUntil } = coverage;
    if (coveredUntil === null) return;
    const from = (await oldestHour(databases)) ?? coveredUntil;
    const differing = from < coveredUntil ? await findDifferingHours(databases, [{ from, to: coveredUntil }]) : [];
    result = await recompute(databases, coverage, differing, (next) =>
      next === null ? { auditBeganAt: null, auditPosition: null, auditedUntil: at } : {},
    );
  }
  await buildDays(databases.backoffice);
}

const TICK_LOCK = 20_26_12;

/** Skips the work where another replica is at it: correct without, but wasted. */
async function unlessTaken({ backoffice }: RollupDatabases, work: () => Promise<void>): Promise<void> {
  // Held by a transaction that does nothing else: a killed process leaves none behind, nor does a pooler that gives the
  // connection to others between transactions.
  await backoffice.transaction(async (holding) => {
    await holding.raw('SET LOCAL idle_in_transaction_session_timeout = 0');
    const { rows } = await holding.raw('SELECT pg_try_advisory_xact_lock(?) AS taken', [TICK_LOCK]);
    if (rows[0].taken) await work();
  });
}

type KeepOptions = { replicas: boolean; outages?: Outages; everyMs?: number; origin?: Origin };

/**
 * Keeps the rollups and the known names: a first backfill, then a tick a minute, until stopped. Errors are logged and tried
 * again. With `replicas`, one of them works at a time.
 */
export function keepRollups(
  databases: RollupDatabases & NameDatabases,
  timeZone: string,
  log: Logger,
  { replicas, outages = createOutages(log), everyMs = TICK_MS, origin = createOrigin(databases, log) }: KeepOptions,
): { stop: () => Promise<void> } {
  const hasRollups = wholeHoursSince(timeZone) !== null;
  if (!hasRollups)
    log.warn(`Days of ${timeZone} are not whole UTC hours: statistics are read from raw rows, without rollups`);
  const refreshNames = nameRefresher(databases, log, outages);
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let said = -1;
  const goOn = () => {
    if (stopping) throw new Error('stopping');
  };
  const sayProgress = ({ done, total }: BackfillProgress) => {
    goOn();
    const tenth = Math.floor((10 * done) / total);
    if (total > 48 && tenth > said) log.info({ percent: tenth * 10 }, 'rollups: backfill');
    said = tenth;
  };
  let before: Finding | null = null;
  /** Compares, and begins the rollups again where they are of other records than those that the source holds. */
  const isOfSource = async (): Promise<boolean> => {
    const coverage = await readCoverage(databases.backoffice);
    const finding = await origin.look(coverage);
    const stoodStill = before?.build === finding.build && before.seen === finding.seen;
    before = finding;
    if (isOf(finding)) return true;
    if (finding.kind === 'empty' || (await origin.isConfirmedElsewhere())) return false;
    const { coveredUntil } = coverage;
    if (finding.kind === 'changed' && coveredUntil !== null) {
      const all = [{ from: startOfHour(BEGIN_OF_TIME), to: coveredUntil }];
      return origin.takeOver(coverage, finding, () => recomputeDiffering(databases, all, { goOn }));
    }
    if (!stoodStill) return false;
    const begun = await beginAgain(databases.backoffice, coverage);
    if (begun === null) return false;
    log.warn('The rollups are built anew, from the workflows_db that is read now.');
    await origin.look(begun);
    return true;
  };
  const run = () => {
    const work = async () => {
      try {
        if (!hasRollups || !(await isOfSource())) return;
        await backfill(databases, timeZone, now(), sayProgress);
        await tick(databases, timeZone, now(), { goOn });
        await origin.confirm(await readCoverage(databases.backoffice));
      } finally {
        await refreshNames(() => stopping);
      }
    };
    outages.begin();
    // Without replicas there is no lock to hold, nor a second connection to hold it on.
    const worked = handled(
      followSourceClock(databases.workflows, log, outages).then(() =>
        replicas ? unlessTaken(databases, work) : work(),
      ),
    );
    const next = () => {
      if (!stopping) timer = setTimeout(run, everyMs);
    };
    running = worked.then(
      () => {
        outages.passed();
        next();
      },
      (error) => {
        if (!stopping && !outages.met(error)) log.error({ error: loggable(error) }, 'rollups: tick failed');
        next();
      },
    );
  };
  run();
  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
  };
}
