import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { NameDatabases } from '../../../catalog/known-names.ts';
import { nameRefresher } from '../../../catalog/refresh-names.ts';
import { takeLease } from '../../../db/lease.ts';
import { followSourceClock } from '../../../db/source-clock.ts';
import type { Outages } from '../../../units/failures/outages.ts';
import { BEGIN_OF_TIME, now, startOfHour } from '../../../units/time.ts';
import { readCoverage } from '../coverage.ts';
import { wholeHoursSince } from '../segments.ts';
import { type BackfillProgress, backfill } from './backfill.ts';
import { recomputeDiffering } from './mend.ts';
import { beginAgain, type Finding, isOf, type Origin } from './origin.ts';
import type { RollupDatabases } from './refresh.ts';
import { tick } from './tick.ts';

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

export type KeptDatabases = RollupDatabases & NameDatabases;
export type KeepOptions = {
  /** Whether other processes may be at it: one of them works at a time. */
  replicas: boolean;
  /** Whether a tick of another process does for this one as well. */
  sharesTicks?: boolean;
  outages: Outages;
  origin: Origin;
};

const LEASE = 'rollups';
/** Less than the minute from one tick to the next. Where a process is killed, another one ticks after this and its own minute. */
const LEASE_SECONDS = 45;

/**
 * Keeps the rollups and the known names: each run looks whether the source is still the same, covers what is not covered yet, and is a
 * tick, until the program stops.
 */
export function rollupWork(
  databases: KeptDatabases,
  timeZone: string,
  log: Logger,
  { replicas, sharesTicks = false, outages, origin }: KeepOptions,
): (isStopping: () => boolean) => Promise<void> {
  const hasRollups = wholeHoursSince(timeZone) !== null;
  if (!hasRollups)
    log.warn(`Days of ${timeZone} are not whole UTC hours: statistics are read from raw rows, without rollups`);
  const refreshNames = nameRefresher(databases, log, outages);
  const holder = randomUUID();
  const isDue = async () => !sharesTicks || takeLease(databases.backoffice, LEASE, holder, LEASE_SECONDS);
  let said = -1;
  const sayProgress = ({ done, total }: BackfillProgress) => {
    const tenth = Math.floor((10 * done) / total);
    if (total > 48 && tenth > said) log.info({ percent: tenth * 10 }, 'rollups: backfill');
    said = tenth;
  };
  let before: Finding | null = null;
  /** Compares, and begins the rollups again where they are of other records than those that the source holds. */
  const isOfSource = async (goOn: () => void): Promise<boolean> => {
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
  return async (isStopping) => {
    const goOn = () => {
      if (isStopping()) throw new Error('stopping');
    };
    const work = async () => {
      try {
        if (!hasRollups || !(await isOfSource(goOn))) return;
        await backfill(databases, timeZone, now(), (progress) => {
          goOn();
          sayProgress(progress);
        });
        if (!(await isDue())) return;
        await tick(databases, timeZone, now(), { goOn });
        await origin.confirm(await readCoverage(databases.backoffice));
      } finally {
        await refreshNames(isStopping);
      }
    };
    outages.begin();
    await followSourceClock(databases.workflows, log, outages);
    // Without replicas there is no lock to hold, nor a second connection to hold it on.
    await (replicas ? unlessTaken(databases, work) : work());
    outages.passed();
  };
}
