import type { Logger } from 'pino';
import { loggable } from '../../../units/failures/loggable.ts';
import { handled } from '../../../units/promises/handled.ts';
import { addTime, BEGIN_OF_TIME, earliest, HOUR, startOfHour, type Window } from '../../../units/time.ts';
import { readCoverage } from '../coverage.ts';
import type { HourRange } from '../source-hours.ts';
import type { Origin } from './origin.ts';
import { type DifferingHour, findDifferingHours, oneAfterAnother, type RollupDatabases, recompute } from './refresh.ts';

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
  to: addTime(startOfHour(addTime(to, -1n)), HOUR),
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

/** Called between pieces of work; throws where it is to end. */
export type GoOn = () => void;

type Mending = {
  goOn?: GoOn;
  /** Told what differs, before any of it is computed again. */
  onFound?: (hours: DifferingHour[]) => Promise<unknown>;
};

/**
 * Compares covered hours of some windows with the source, and recomputes those that differ. Returns how many did. For
 * whoever knows that the rollups are of this source: its own rows are what differs.
 */
export async function refreshWindows(
  databases: RollupDatabases,
  windows: Window[],
  mending: Mending = {},
): Promise<number> {
  const { coveredUntil } = await readCoverage(databases.backoffice);
  if (coveredUntil === null) return 0;
  const covered = joined(windows.map(hoursOf))
    .map(({ from, to }) => ({ from, to: earliest(to, coveredUntil) }))
    .filter(({ from, to }) => from < to);
  return recomputeDiffering(databases, covered, mending);
}

/** Recomputes covered hours that differ from the source, whether the rollups are of it or not: for the tick, which makes them so. */
export function recomputeDiffering(
  databases: RollupDatabases,
  covered: HourRange[],
  { goOn = () => {}, onFound = async () => {} }: Mending = {},
): Promise<number> {
  const progress = () => {
    goOn();
    return {};
  };
  return oneAfterAnother(databases, async () => {
    for (;;) {
      const coverage = await readCoverage(databases.backoffice);
      const hours = await findDifferingHours(databases, covered, goOn);
      if (hours.length === 0) return 0;
      await onFound(hours);
      if ((await recompute(databases, coverage, hours, progress)) === 'done') return hours.length;
    }
  });
}

/** So many differing hours may be most of those that the rollups hold; fewer are right again before anybody has looked. */
const MANY_HOURS = 24;

/**
 * `refreshWindows`, unless the rollups are of another source: those are not mended by this one's records. Where many hours
 * differ, whether the rollups can be read meanwhile is looked at now, and not at the next tick. Where one does, so may others
 * of `around`: then all of that is mended.
 */
export async function mendWindows(
  databases: RollupDatabases,
  origin: Origin,
  windows: Window[],
  { around = [], goOn = () => {} }: { around?: Window[]; goOn?: GoOn } = {},
): Promise<number> {
  const look = async () => origin.look(await readCoverage(databases.backoffice));
  if (!(await origin.fits(await readCoverage(databases.backoffice)))) return 0;
  let many = false;
  const onFound = async (hours: DifferingHour[]) => {
    const before = many;
    many ||= hours.length >= MANY_HOURS;
    if (!many || before) return;
    const { kind } = await look();
    if (kind === 'other' || kind === 'empty') throw new Error('the records are of another source than the rollups');
  };
  let mended = await refreshWindows(databases, windows, { goOn, onFound });
  if (mended > 0) mended += await refreshWindows(databases, around, { goOn, onFound });
  if (many) await look();
  return mended;
}

/**
 * Late and deleted rows are found by an audit that goes round within two hours at any size; whoever meets some before it has them in the
 * rollups within seconds. One comparison at a time, in the background; what is asked beyond a limit is left to the audit.
 */
export function createMend(databases: RollupDatabases, origin: Origin, log: Logger, isStopping: () => boolean): Mend {
  let asked: HourRange[] = [];
  let askedAround: HourRange[] = [];
  let running = false;

  const goOn = () => {
    if (isStopping()) throw new Error('stopping');
  };
  const run = async () => {
    while (asked.length > 0 && !isStopping()) {
      const [windows, around] = [asked, askedAround];
      asked = [];
      askedAround = [];
      const hours = await mendWindows(databases, origin, windows, { around, goOn });
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
