import { addTime, earliest, HOUR, type Instant, startOfHour } from '../../../units/time.ts';
import { readCoverage } from '../coverage.ts';
import { packMissing } from '../packed/pack-days.ts';
import type { HourRange } from '../source-hours.ts';
import { auditEnded, auditSome, type Piecewise } from './audit.ts';
import { backfill, oldestHour } from './backfill.ts';
import type { GoOn } from './mend.ts';
import { findDifferingHours, oneAfterAnother, type RollupDatabases, recompute } from './refresh.ts';
import { buildDays } from './write-days.ts';

/** What every tick makes right. */
export const RECENT = 26n * HOUR;
/** What takes longer than this is left to the next tick. */
const TICK_BUDGET_MS = 20_000;

type Working = {
  budgetMs?: number;
  goOn?: GoOn;
  /** Asked where hours differ, before any of them is computed again. */
  mayWrite?: () => Promise<boolean>;
};

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
