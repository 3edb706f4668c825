import {
  addTime,
  earliest,
  HOUR,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  startOfHour,
} from '../../../units/time.ts';
import { type Coverage, readCoverage } from '../coverage.ts';
import { packMissing } from '../packed/pack-days.ts';
import type { HourRange } from '../source-hours.ts';
import { backfill, oldestHour } from './backfill.ts';
import type { GoOn } from './mend.ts';
import { findDifferingHours, oneAfterAnother, type RollupDatabases, recompute } from './refresh.ts';
import { buildDays } from './write-days.ts';

/** What every tick makes right. */
export const RECENT = 26n * HOUR;
/** What takes longer than this is left to the next tick. */
const TICK_BUDGET_MS = 20_000;
/** A full audit takes this many ticks at most, so less than two hours. */
const TICKS_PER_AUDIT = 110;

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
    await packMissing(databases.backoffice, isLate);
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
