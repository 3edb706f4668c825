import type { Logger } from 'pino';
import { loggable } from './loggable.ts';
import { isUnavailable } from './unavailable.ts';

export type Outages = {
  /** A round of work begins. */
  begin: () => void;
  /** Whether an error only means that a database does not answer now; the first of them is logged. */
  met: (error: unknown) => boolean;
  /** The round went through: every outage that it did not meet is over, and logged as such. */
  passed: () => void;
};

/** For work by the clock, which meets an outage again and again: each is logged once when it begins and once when it ends. */
export function createOutages(log: Logger): Outages {
  const outages = new Map<string, { began: number; round: number }>();
  let round = 0;
  return {
    begin: () => {
      round += 1;
    },
    met: (error) => {
      if (!isUnavailable(error)) return false;
      const { database = 'unknown' } = error as { database?: string };
      const known = outages.get(database);
      outages.set(database, { began: known?.began ?? performance.now(), round });
      if (!known)
        log.warn({ error: loggable(error) }, `${database} does not answer: what is done by the clock waits for it`);
      return true;
    },
    passed: () => {
      for (const [database, outage] of outages) {
        if (outage.round === round) continue;
        outages.delete(database);
        log.warn({ seconds: Math.round((performance.now() - outage.began) / 1_000) }, `${database} answers again`);
      }
    },
  };
}
