import type { Knex } from 'knex';
import {
  addTime,
  earliest,
  HOUR,
  type Instant,
  instantFromPostgres,
  MINUTE,
  now,
  postgresFromInstant,
  startOfHour,
} from '../../../units/time.ts';
import { type Coverage, readCoverage } from '../coverage.ts';
import { packMissing } from '../packed/pack-days.ts';
import type { HourRange } from '../source-hours.ts';
import { backfill, oldestHour } from './backfill.ts';
import type { GoOn } from './mend.ts';
import { type DifferingHour, findDifferingHours, oneAfterAnother, type RollupDatabases, recompute } from './refresh.ts';
import { noteProgress, type Progress } from './write.ts';
import { buildDays } from './write-days.ts';

/** What every tick makes right. */
export const RECENT = 26n * HOUR;
/** What takes longer than this is left to the next tick. */
const TICK_BUDGET_MS = 20_000;

/** As much is compared as the source does in so long. */
const AUDIT_MS = 150;
/** Of fewer records half are compared whatever that takes, so that all are by two audits. */
const FEW_RECORDS = 1_000_000;
/** Of more this share: where audits come once a minute, all are compared in less than two hours. */
const AUDITS_A_ROUND = 110;
/** What is compared before it is asked again how long that took. */
const RECORDS_A_STEP = 25_000;

type Working = {
  budgetMs?: number;
  goOn?: GoOn;
  /** Asked where hours differ, before any of them is computed again. */
  mayWrite?: () => Promise<boolean>;
};

type Piecewise = Required<Omit<Working, 'budgetMs'>> & { isLate: () => boolean };

/** Ends what is late, and calls `goOn`, which may throw. */
function lateAfter(budgetMs: number, goOn: GoOn): () => boolean {
  const begun = performance.now();
  return () => {
    goOn();
    return performance.now() - begun > budgetMs;
  };
}

const recentFrom = (at: Instant, coveredUntil: Instant): Instant =>
  earliest(startOfHour(addTime(at, -RECENT)), coveredUntil);

/**
 * Makes the last 26 covered hours right, and builds days that a change of time zone has left to build. What is not done in time
 * is left to the next time. `goOn` is called between pieces of it, and may throw. Whether those 26 hours are right now.
 */
export function correctRecent(
  databases: RollupDatabases,
  at: Instant,
  { budgetMs = TICK_BUDGET_MS, goOn = () => {}, mayWrite = async () => true }: Working = {},
): Promise<boolean> {
  return oneAfterAnother(databases, async () => {
    const isLate = lateAfter(budgetMs, goOn);
    const { coveredUntil } = await readCoverage(databases.backoffice);
    if (coveredUntil === null) return true;
    const recent = { from: recentFrom(at, coveredUntil), to: coveredUntil };
    if (!(await correct(databases, recent, { isLate, goOn, mayWrite }))) return false;
    await buildDays(databases.backoffice, isLate);
    await packMissing(databases.backoffice, isLate);
    return true;
  });
}

/**
 * Compares the next of the older hours with the source, and computes those that differ again; the next time begins where this one came to.
 * At the end of a round everything that was committed before it began is in the rollups.
 */
export function auditNext(
  databases: RollupDatabases,
  at: Instant,
  { budgetMs = TICK_BUDGET_MS, goOn = () => {}, mayWrite = async () => true }: Working = {},
): Promise<void> {
  return oneAfterAnother(databases, async () => {
    const { coveredUntil } = await readCoverage(databases.backoffice);
    if (coveredUntil === null) return;
    await auditSome(databases, recentFrom(at, coveredUntil), at, { isLate: lateAfter(budgetMs, goOn), goOn, mayWrite });
  });
}

/** Covers new hours, and does both, as far as there is time for the second. */
export async function tick(
  databases: RollupDatabases,
  timeZone: string,
  at: Instant,
  working: Working = {},
): Promise<void> {
  await oneAfterAnother(databases, () => backfill(databases, timeZone, at, working.goOn));
  if (await correctRecent(databases, at, working)) await auditNext(databases, at, working);
}

/** Recomputes the hours of a range that differ. Whether all of them are right now. */
async function correct(
  databases: RollupDatabases,
  range: HourRange,
  { isLate, goOn, mayWrite }: Piecewise,
): Promise<boolean> {
  const coverage = await readCoverage(databases.backoffice);
  const differing = await findDifferingHours(databases, [range], goOn);
  if (differing.length === 0) return true;
  return (await mayWrite()) && (await recompute(databases, coverage, differing, () => ({}), isLate)) === 'done';
}

/** A round that began at an instant has ended. */
const auditEnded = (beganAt: Instant): Progress => ({
  ...{ auditBeganAt: null, auditPosition: null, auditedUntil: beganAt, auditEndedAt: now() },
});

/** Compares older hours from where the last audit came to, recomputes those that differ, and writes down how far it came. */
async function auditSome(
  databases: RollupDatabases,
  end: Instant,
  at: Instant,
  { isLate, goOn, mayWrite }: Piecewise,
): Promise<void> {
  const { backoffice } = databases;
  const coverage = await readCoverage(backoffice);
  const { differing, position } = await compareSome(databases, coverage, end, goOn);
  const beganAt = coverage.auditBeganAt ?? at;
  const progress = (next: Instant): Progress =>
    next < end ? { auditBeganAt: beganAt, auditPosition: next } : auditEnded(beganAt);
  if (differing.length > 0 && !(await mayWrite())) return;
  if (differing.length > 0)
    await recompute(databases, coverage, differing, (next) => progress(next ?? position), isLate);
  else if (position < end || !isWrittenDown(coverage, at)) await noteProgress(backoffice, coverage, progress(position));
}

/** Whether a round in one go, which found nothing, would say what is known already: a few records are compared every few seconds. */
const isWrittenDown = ({ auditPosition, auditedUntil }: Coverage, at: Instant): boolean =>
  auditPosition === null && auditedUntil !== null && at >= auditedUntil && at - auditedUntil < MINUTE;

/** What differs from the last audit's end on, and up to where it was looked for. */
async function compareSome(
  databases: RollupDatabases,
  { auditPosition }: Coverage,
  end: Instant,
  goOn: GoOn,
): Promise<{ differing: DifferingHour[]; position: Instant }> {
  const differing: DifferingHour[] = [];
  const all = await countRecords(databases.backoffice, end);
  let left = all / (all < FEW_RECORDS ? 2 : AUDITS_A_ROUND);
  let position = auditPosition ?? (await oldestHour(databases)) ?? end;
  const begun = performance.now();
  while (position < end && (left > 0 || performance.now() - begun < AUDIT_MS)) {
    const step = Math.max(left, RECORDS_A_STEP);
    const range = await nextHours(databases.backoffice, { from: position, to: end }, step);
    for (const hour of await findDifferingHours(databases, [range], goOn)) differing.push(hour);
    left -= step;
    position = range.to;
  }
  return { differing, position: earliest(position, end) };
}

/** How many records the rollups hold before an instant. */
async function countRecords(backoffice: Knex, before: Instant): Promise<number> {
  const row = await backoffice('hour_fingerprints')
    .where('hour', '<', postgresFromInstant(before))
    .sum<{ sum: string | null }[]>('requests as sum')
    .first();
  return Number(row?.sum ?? 0);
}

/** The first hours of a range that hold so many records, however they are spread, and the empty ones behind them. */
async function nextHours(backoffice: Knex, { from, to }: HourRange, records: number): Promise<HourRange> {
  const { rows } = await backoffice.raw<{ rows: { hour: string | null }[] }>(
    `SELECT min(following) AS hour FROM (
       SELECT lead(hour) OVER (ORDER BY hour) AS following, sum(requests) OVER (ORDER BY hour) AS so_far
         FROM hour_fingerprints WHERE hour >= ? AND hour < ?) AS running
      WHERE so_far >= ?`,
    [postgresFromInstant(from), postgresFromInstant(to), Math.ceil(records)],
  );
  const following = rows[0]?.hour;
  return { from, to: following ? instantFromPostgres(following) : to };
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
    result = await recompute(databases, coverage, differing, (next) => (next === null ? auditEnded(at) : {}));
  }
  await buildDays(databases.backoffice);
}
