import type { Logger } from 'pino';
import { loggable } from '../../../units/failures/loggable.ts';
import { handled } from '../../../units/promises/handled.ts';
import { BEGIN_OF_TIME, earliest, HOUR, startOfHour, type Window } from '../../../units/time.ts';
import { readCoverage } from '../coverage.ts';
import type { HourRange } from '../source-hours.ts';
import type { Origin } from './origin.ts';
import { findDifferingHours, type RollupDatabases, recompute } from './refresh.ts';

/**
 * Asks for the rollups of some windows to be compared with the source soon, and made right where they differ. Where one
 * hour does, so may others of `around`: then all of that is.
 */
export type Mend = (windows: Window[], around?: Window) => void;

/** Between two comparisons, however many people look at records. */
const PAUSE_MS = 1_000;
const MOST_ASKED = 500;

const hoursOf = ({ from, to }: Window): HourRange => ({
  from: startOfHour(from ?? BEGIN_OF_TIME),
  to: startOfHour(to - 1n) + HOUR,
});

/** Ranges that share no hour. */
function joined(ranges: HourRange[]): HourRange[] {
  const result: HourRange[] = [];
  for (const range of [...ranges].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = result.at(-1);
    if (last && range.from <= last.to) last.to = last.to > range.to ? last.to : range.to;
    else result.push({ ...range });
  }
  return result;
}

/**
 * Compares covered hours of some windows with the source, and recomputes those that differ. Returns how many did. For
 * whoever knows that the rollups are of this source: its own rows are what differs.
 */
export async function refreshWindows(databases: RollupDatabases, windows: Window[]): Promise<number> {
  const { coveredUntil } = await readCoverage(databases.backoffice);
  if (coveredUntil === null) return 0;
  const covered = joined(windows.map(hoursOf))
    .map(({ from, to }) => ({ from, to: earliest(to, coveredUntil) }))
    .filter(({ from, to }) => from < to);
  return recomputeDiffering(databases, covered);
}

/** Recomputes covered hours that differ from the source, whether the rollups are of it or not: for the tick, which makes them so. */
export async function recomputeDiffering(
  databases: RollupDatabases,
  covered: HourRange[],
  goOn: () => void = () => {},
): Promise<number> {
  for (;;) {
    const coverage = await readCoverage(databases.backoffice);
    const hours = await findDifferingHours(databases, covered);
    const progress = () => {
      goOn();
      return {};
    };
    if (hours.length === 0 || (await recompute(databases, coverage, hours, progress)) === 'done') return hours.length;
  }
}

/** `refreshWindows`, unless the rollups are of another source: those are not mended by this one's records. */
export async function mendWindows(databases: RollupDatabases, origin: Origin, windows: Window[]): Promise<number> {
  return (await origin.fits(await readCoverage(databases.backoffice))) ? refreshWindows(databases, windows) : 0;
}

/**
 * Late and deleted rows are found by an audit that goes round within two hours; whoever meets some before it has them in the
 * rollups within seconds. One comparison at a time, in the background; what is asked beyond a limit is left to the audit.
 */
export function createMend(databases: RollupDatabases, origin: Origin, log: Logger, isStopping: () => boolean): Mend {
  let asked: HourRange[] = [];
  let askedAround: HourRange[] = [];
  let running = false;

  const run = async () => {
    while (asked.length > 0 && !isStopping()) {
      const [windows, around] = [asked, askedAround];
      asked = [];
      askedAround = [];
      let hours = await mendWindows(databases, origin, windows);
      if (hours > 0) hours += await mendWindows(databases, origin, around);
      if (hours > 0) log.info({ hours }, 'rollups: hours whose records had changed are computed again');
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
    }
  };
  return (windows, around) => {
    asked = joined([...asked, ...windows.map(hoursOf)]).slice(-MOST_ASKED);
    if (around) askedAround = joined([...askedAround, hoursOf(around)]).slice(-MOST_ASKED);
    if (running) return;
    running = true;
    const ended = () => {
      running = false;
    };
    handled(
      run().then(ended, (error) => {
        ended();
        if (!isStopping()) log.warn({ error: loggable(error) }, 'rollups: records that had changed wait for the audit');
      }),
    );
  };
}
