import type { Logger } from 'pino';
import { BadInput } from '../units/failures/bad-input.ts';
import { loggable } from '../units/failures/loggable.ts';
import { TooMuchToCount } from '../units/failures/too-much-to-count.ts';
import { isUnavailable } from '../units/failures/unavailable.ts';
import { TooMany } from './errors.ts';

/** A part of a page that stands or falls alone: its value, or the sentence to show in its place. */
export type Panel<T> = { ok: true; value: T } | { ok: false; message: string };

/** A failing database breaks its panel, not the page. Bad input is still the whole request's 400, too much at once its 429. */
export async function panel<T>(work: Promise<T>, log: Logger): Promise<Panel<T>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (error instanceof BadInput || error instanceof TooMany) throw error;
    if (error instanceof TooMuchToCount) {
      log.warn({ error: loggable(error) }, 'panel not counted in time');
      return { ok: false, message: error.message };
    }
    log.error({ error: loggable(error) }, 'panel failed');
    return {
      ok: false,
      message: isUnavailable(error)
        ? 'The database does not answer right now.'
        : 'This part could not be computed. The error has been logged.',
    };
  }
}
