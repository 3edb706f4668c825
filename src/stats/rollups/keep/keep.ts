import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { NameDatabases } from '../../../catalog/known-names.ts';
import { nameRefresher } from '../../../catalog/refresh-names.ts';
import { isLeasedToAnother, takeLease } from '../../../db/lease.ts';
import { followSourceClock } from '../../../db/source-clock.ts';
import { createAccount, onAccount } from '../../../measuring/account.ts';
import { createPace } from '../../../measuring/pace.ts';
import type { Outages } from '../../../units/failures/outages.ts';
import { addTime, BEGIN_OF_TIME, isoFromInstant, now, SECOND, startOfHour } from '../../../units/time.ts';
import { readCoverage } from '../coverage.ts';
import { wholeHoursSince } from '../segments.ts';
import { type BackfillProgress, backfill } from './backfill.ts';
import { recomputeDiffering } from './mend.ts';
import { beginAgain, type Finding, isOf, type Origin } from './origin.ts';
import type { RollupDatabases } from './refresh.ts';
import { auditNext, correctRecent } from './tick.ts';

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
  /** From the end of one run to the next, and from one look at the source to the next; milliseconds. */
  everyMs?: number;
  lookMs?: number;
};

/** Ticks come no closer: what is committed late is counted so soon. */
export const TICK_MS = 5_000;

const LEASE = 'rollups';
/** Renewed every five seconds: another process ticks so long after one was killed, and what it waits itself. */
const LEASE_SECONDS = 10;

/** What all processes do once a minute, whichever of them ticks. */
const LOOK_MS = 60_000;

/**
 * Keeps the rollups and the known names: once a minute each run looks whether the source is still the same, covers what is not covered yet and
 * gathers names; as often as the source's time allows it is a tick, of one process for all. Until the program stops.
 */
export function rollupWork(
  databases: KeptDatabases,
  timeZone: string,
  log: Logger,
  { replicas, sharesTicks = false, outages, origin, lookMs = LOOK_MS }: KeepOptions,
): (isStopping: () => boolean) => Promise<void> {
  const { workflows, backoffice } = databases;
  const hasRollups = wholeHoursSince(timeZone) !== null;
  if (!hasRollups)
    log.warn(`Days of ${timeZone} are not whole UTC hours: statistics are read from raw rows, without rollups`);
  const refreshNames = nameRefresher(databases, log, outages);
  const holder = randomUUID();
  const pace = createPace();
  let lookDue = 0;
  let fits = false;
  const mayTick = async () => !sharesTicks || takeLease(backoffice, LEASE, holder, LEASE_SECONDS);
  let said = -1;
  const sayProgress = ({ done, total, records }: BackfillProgress, seconds: number) => {
    const tenth = Math.floor((10 * done) / total);
    if (total > 48 && tenth > said) {
      const recordsASecond = Math.round(records / seconds);
      // Nothing is done where another process has been ahead from the start.
      const left = BigInt(Math.round((seconds * (total - done)) / Math.max(done, 1)));
      const endsAt = isoFromInstant(addTime(now(), left * SECOND));
      log.info({ percent: tenth * 10, records, recordsASecond, endsAt }, 'rollups: backfill');
    }
    said = tenth;
  };
  let before: Finding | null = null;
  /** Compares, and begins the rollups again where they are of other records than those that the source holds. */
  const isOfSource = async (goOn: () => void): Promise<boolean> => {
    const coverage = await readCoverage(backoffice);
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
    const begun = await beginAgain(backoffice, coverage);
    if (begun === null) return false;
    log.warn('The rollups are built anew, from the workflows_db that is read now.');
    await origin.look(begun);
    return true;
  };
  /** Looks, and covers what is not covered; then this process knows whether it may tick. */
  const look = async (goOn: () => void) => {
    fits = hasRollups && (await isOfSource(goOn));
    if (!fits) return;
    const begun = performance.now();
    await backfill(databases, timeZone, now(), (progress) => {
      goOn();
      sayProgress(progress, (performance.now() - begun) / 1000);
    });
  };
  /** What a piece of work takes on the source is told, also where it fails. */
  const measured = async <T>(work: () => Promise<T>, tell: (ms: number) => void): Promise<T> => {
    const account = createAccount();
    try {
      return await onAccount(account, () => 'rollups', work);
    } finally {
      tell(account.msOf.get('workflows') ?? 0);
    }
  };
  const tick = async (goOn: () => void, hasLooked: boolean) => {
    // What differs may be another database, to which the address has come to lead, or a restore that has begun.
    const mayWrite = async () => {
      fits = isOf(await origin.look(await readCoverage(backoffice)));
      if (!fits) lookDue = 0;
      return fits;
    };
    const right = await measured(() => correctRecent(databases, now(), { goOn, mayWrite }), pace.ticked);
    if (right && pace.isAuditDue()) await measured(() => auditNext(databases, now(), { goOn, mayWrite }), pace.audited);
    if (hasLooked) await origin.confirm(await readCoverage(backoffice));
  };
  /** Without a look it is for the one that ticks alone; it says that it is there when there is nothing to do yet. */
  const isIdle = async (): Promise<boolean> => {
    if (!fits) return true;
    if (sharesTicks && (await isLeasedToAnother(backoffice, LEASE, holder))) return true;
    if (pace.isTickDue()) return false;
    await mayTick();
    return true;
  };
  return async (isStopping) => {
    const goOn = () => {
      if (isStopping()) throw new Error('stopping');
    };
    const looks = performance.now() >= lookDue;
    if (!looks && (await isIdle())) return;
    const work = async () => {
      try {
        if (looks) await look(goOn);
        if (fits && (await mayTick()) && (looks || pace.isTickDue())) await tick(goOn, looks);
      } finally {
        if (looks) await refreshNames(isStopping);
      }
      if (looks) lookDue = performance.now() + lookMs;
    };
    outages.begin();
    if (looks) await followSourceClock(workflows, log, outages);
    // Without replicas there is no lock to hold, nor a second connection to hold it on.
    await (replicas ? unlessTaken(databases, work) : work());
    // A tick alone asks not every database.
    if (looks) outages.passed();
  };
}
