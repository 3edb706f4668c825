import { postgresYear, yearOf } from '../units/calendar.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  floorDivided,
  HOUR,
  type Instant,
  instantAt,
  isoFromInstant,
  MINUTE,
  offsetAt,
} from '../units/time.ts';

const QUARTER = 15n * MINUTE;
const QUARTER_MICROS = Number(QUARTER);
const MOST_KEPT = 10_000;
const DAY = Number(DAY_OF_24_HOURS);

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/** isoFromInstant for many instants of few days, several times faster: it makes no Date. */
export function isoTimes(): (instant: Instant) => string {
  let begun = instantAt(0n);
  let date = '1970-01-01T';
  return (instant) => {
    let micros = Number(instant - begun);
    if (micros < 0 || micros >= DAY) {
      begun = instantAt(floorDivided(instant, DAY_OF_24_HOURS) * DAY_OF_24_HOURS);
      date = isoFromInstant(begun).slice(0, -'00:00:00.000Z'.length);
      micros = Number(instant - begun);
    }
    const seconds = Math.floor(micros / 1_000_000);
    const rest = micros - seconds * 1_000_000;
    const decimals = rest % 1000 === 0 ? String(rest / 1000).padStart(3, '0') : String(rest).padStart(6, '0');
    const minutes = Math.floor(seconds / 60);
    return `${date}${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}.${decimals}Z`;
  };
}

export type LocalTimes = ReturnType<typeof localTimes>;

/** Business time of many instants. */
export function localTimes(timeZone: string) {
  const { offset, isTwice } = offsets(timeZone);
  const iso = isoTimes();

  return {
    /** The instant whose UTC reading is what a clock of the business time zone shows. */
    shifted: (instant: Instant): Instant => addTime(instant, offset(instant)),
    /** Whether that clock shows the same at another instant as well, an hour before or after. */
    isTwice,
    /**
     * "2026-10-31 10:44:41", what spreadsheets take for a date; as text also "4713-11-24 00:00:00 BC" and "12026-10-31 …", and of
     * the hour that comes twice "2026-10-25 01:44:41 +01:00".
     */
    text: (instant: Instant): string => {
      const shown = iso(addTime(instant, offset(instant)));
      // Nearly all of them.
      if (shown.startsWith('20') && shown[10] === 'T')
        return `${shown.slice(0, 10)} ${shown.slice(11, 19)}${isTwice(instant) ? ` ${offsetText(offset(instant))}` : ''}`;
      const [day = '', time = ''] = shown.split('T');
      return postgresYear(yearOf(day), `${day.slice(-6)} ${time.slice(0, 8)}`);
    },
  };
}

function offsetText(offset: bigint): string {
  const minutes = Math.abs(Number(offset / MINUTE));
  return `${offset < 0n ? '-' : '+'}${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}`;
}

/** Before this, clocks were changed at any second. */
const BY_QUARTERS = instantAt(0n);

/**
 * Offsets change at quarters of an hour only, so each quarter is looked up once: asking Temporal for each of a million
 * rows would take longer than everything else.
 */
function offsets(timeZone: string) {
  type Quarter = { offset: bigint; isTwice: boolean };
  const read = (begun: Instant): Quarter => ({ offset: offsetAt(begun, timeZone), isTwice: isTwice(begun, timeZone) });
  const known = new Map<Instant, Quarter>();
  let begun = instantAt(0n);
  let quarter = read(begun);
  const of = (instant: Instant): Quarter => {
    if (instant < BY_QUARTERS) return read(instant);
    const micros = Number(instant - begun);
    if (micros >= 0 && micros < QUARTER_MICROS) return quarter;
    begun = instantAt((instant / QUARTER) * QUARTER);
    quarter = known.get(begun) ?? read(begun);
    if (known.size > MOST_KEPT) known.clear();
    known.set(begun, quarter);
    return quarter;
  };
  return { offset: (instant: Instant) => of(instant).offset, isTwice: (instant: Instant) => of(instant).isTwice };
}

/** Longer than any clock is put back by, and shorter than from one change to the next. */
const AROUND = 4n * HOUR;

function isTwice(instant: Instant, timeZone: string): boolean {
  const [before, here, after] = [-AROUND, 0n, AROUND].map((away) => offsetAt(addTime(instant, away), timeZone));
  if (before === undefined || here === undefined || after === undefined || before <= after) return false;
  const putBack = before - after;
  return here === before
    ? offsetAt(addTime(instant, putBack), timeZone) === after
    : offsetAt(addTime(instant, -putBack), timeZone) === before;
}
