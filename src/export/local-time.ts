import { Temporal } from 'temporal-polyfill';
import { type Instant, isoFromInstant, MINUTE } from '../units/time.ts';

const QUARTER = 15 * MINUTE;
const MOST_KEPT = 10_000;

/**
 * Business time of many instants. Offsets change at quarters of an hour only, so each quarter is looked up once: asking
 * Temporal for each of a million rows would take longer than everything else.
 */
export function localTimes(timeZone: string) {
  const offsets = new Map<number, number>();

  const offsetAt = (instant: Instant): number => {
    const quarter = Math.floor(instant / QUARTER);
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      const at = Temporal.Instant.fromEpochMilliseconds((quarter * QUARTER) / 1000).toZonedDateTimeISO(timeZone);
      offset = at.offsetNanoseconds / 1000;
      if (offsets.size > MOST_KEPT) offsets.clear();
      offsets.set(quarter, offset);
    }
    return offset;
  };

  return {
    /** The instant whose UTC reading is what a clock of the business time zone shows. */
    shifted: (instant: Instant): Instant => instant + offsetAt(instant),
    /** "2026-10-31 10:44:41", what spreadsheets take for a date. */
    text: (instant: Instant): string =>
      isoFromInstant(instant + offsetAt(instant))
        .slice(0, 19)
        .replace('T', ' '),
  };
}
