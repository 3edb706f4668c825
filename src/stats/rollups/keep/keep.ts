import type { Logger } from 'pino';
import type { NameDatabases } from '../../../catalog/known-names.ts';
import { nameRefresher } from '../../../catalog/refresh-names.ts';
import { followSourceClock } from '../../../db/source-clock.ts';
import { loggable } from '../../../units/failures/loggable.ts';
import { createOutages, type Outages } from '../../../units/failures/outages.ts';
import { handled } from '../../../units/promises/handled.ts';
import { BEGIN_OF_TIME, now, startOfHour } from '../../../units/time.ts';
import { readCoverage } from '../coverage.ts';
import { wholeHoursSince } from '../segments.ts';
import { type BackfillProgress, backfill } from './backfill.ts';
import { recomputeDiffering } from './mend.ts';
import { beginAgain, createOrigin, type Finding, isOf, type Origin } from './origin.ts';
import type { RollupDatabases } from './refresh.ts';
import { tick } from './tick.ts';

const TICK_MS = 60_000;
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
