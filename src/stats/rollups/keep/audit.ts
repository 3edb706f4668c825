import type { Knex } from 'knex';
import { earliest, type Instant, instantFromPostgres, MINUTE, now, postgresFromInstant } from '../../../units/time.ts';
import { type Coverage, readCoverage } from '../coverage.ts';
import type { HourRange } from '../source-hours.ts';
import { oldestHour } from './backfill.ts';
import type { GoOn } from './mend.ts';
import { type DifferingHour, findDifferingHours, type RollupDatabases, recompute } from './refresh.ts';
import { noteProgress, type Progress } from './write.ts';

/** As much is compared as the source does in so long. */
const AUDIT_MS = 150;
/** Of fewer records half are compared whatever that takes, so that all are by two audits. */
const FEW_RECORDS = 1_000_000;
/** Of more this share: where audits come once a minute, all are compared in less than two hours. */
const AUDITS_A_ROUND = 110;
/** What is compared before it is asked again how long that took. */
const RECORDS_A_STEP = 25_000;

/** A round that began at an instant has ended. */
export const auditEnded = (beganAt: Instant): Progress => ({
  ...{ auditBeganAt: null, auditPosition: null, auditedUntil: beganAt, auditEndedAt: now() },
});

/** `goOn` is called between pieces of the work, and may throw; `mayWrite` is asked before anything is computed again. */
export type Piecewise = { isLate: () => boolean; goOn: GoOn; mayWrite: () => Promise<boolean> };

/** Compares older hours from where the last audit came to, recomputes those that differ, and writes down how far it came. */
export async function auditSome(
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
