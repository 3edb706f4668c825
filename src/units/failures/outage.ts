import type { Logger } from 'pino';
import { loggable } from './loggable.ts';

export type Outage = {
  /** Something failed; the first of them is logged. */
  met: (error: unknown) => void;
  /** Something went through: the outage is over, and logged as such. */
  over: () => void;
};

/** For what many requests meet, which go on without it: logged once when it begins and once when it ends. */
export function createOutage(log: Logger, begun: string, ended: string): Outage {
  let since: number | null = null;
  return {
    met: (error) => {
      if (since !== null) return;
      since = performance.now();
      log.warn({ error: loggable(error) }, begun);
    },
    over: () => {
      if (since === null) return;
      log.warn({ seconds: Math.round((performance.now() - since) / 1_000) }, ended);
      since = null;
    },
  };
}
