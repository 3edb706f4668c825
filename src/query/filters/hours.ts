import { z } from 'zod';
import { clockOf } from '../../units/local-time.ts';
import { type Instant, startOfHour } from '../../units/time.ts';
import { businessTime } from '../business-time.ts';
import type { Filter } from './entry.ts';

/** Hours of the business clock, 0 to 23, the last one included; over midnight where the first is the later. */
type Hours = { first: number; last: number };

const HOUR = '([01]?[0-9]|2[0-3])';
const HOURS_PATTERN = `^${HOUR}-${HOUR}$`;
const TAKES = 'takes two hours of the day from 0 to 23, the first and the last, such as 20-23, or 22-5 over midnight';

const hoursText = ({ first, last }: Hours) => `${first}-${last}`;

function hoursOf(text: string): Hours {
  const [first = 0, last = 0] = text.split('-').map(Number);
  return { first, last };
}

/** Whether the filter lets an hour of the business clock through. */
export const isOfHours = ({ first, last }: Hours, hour: number) =>
  first <= last ? hour >= first && hour <= last : hour >= first || hour <= last;

const MOST_KNOWN = 50_000;
const known = new Map<string, number>();

/** The hour that the clock of a zone shows. Of whole UTC hours it is looked up once: a window has thousands, and statistics ask again. */
function clockHourOf(at: Instant, timeZone: string): number {
  if (startOfHour(at) !== at) return clockOf(at, timeZone).hour;
  const key = `${timeZone} ${at}`;
  let hour = known.get(key);
  if (hour === undefined) {
    if (known.size > MOST_KNOWN) known.clear();
    hour = clockOf(at, timeZone).hour;
    known.set(key, hour);
  }
  return hour;
}

export const HOURS: Filter<Hours, Hours & { timeZone: string }> = {
  parameter: 'hours',
  many: false,
  schema: z.string(TAKES).regex(new RegExp(HOURS_PATTERN), TAKES).transform(hoursOf),
  written: hoursText,

  meant: (hours, { timeZone }) => ({ ...hours, timeZone }),
  // What has no time has no hour.
  where: (rows, { first, last, timeZone }) => {
    const { sql, bindings } = businessTime(timeZone);
    const within = first <= last ? 'BETWEEN ? AND ?' : 'NOT BETWEEN ? AND ?';
    const ends = first <= last ? [first, last] : [last + 1, first - 1];
    return rows.whereRaw(`isfinite(created_at) AND extract(hour FROM ${sql}) ${within}`, [...bindings, ...ends]);
  },
  // Where the clock is not whole hours from UTC, everything is read raw.
  rollups: {
    from: 'hours',
    isIn: ({ timeZone, ...hours }) => {
      // Cells of one hour follow each other.
      let last: { at: Instant; isIn: boolean } | null = null;
      return (at) => {
        if (last?.at !== at) last = { at, isIn: isOfHours(hours, clockHourOf(at, timeZone)) };
        return last.isIn;
      };
    },
    isClockHour: isOfHours,
  },

  label: 'time of day is',
  also: 'or',
  negated: ({ first, last }) => {
    const rest = { first: (last + 1) % 24, last: (first + 23) % 24 };
    return rest.first === first ? null : { parameter: 'hours', one: rest };
  },
  said: ({ first, last }) => `${String(first).padStart(2, '0')}:00–${String(last).padStart(2, '0')}:59`,
  field: (hours) => ({
    place: 'more',
    label: 'Hours of the day',
    kind: 'text',
    value: hours === null ? '' : hoursText(hours),
    most: 5,
    placeholder: '20-23',
    title: 'The first and the last hour of the day, 0 to 23: 20-23, or 22-5 over midnight',
  }),

  option: { value: 'FIRST-LAST', help: 'of these hours of the day, such as 20-23; 22-5 goes over midnight' },
  openapi: {
    description:
      'Only records of these hours of the day, from the first up to and including the last, on the clock of the business time ' +
      'zone: `20-23`, or `22-5` over midnight. An hour that the clocks repeat counts twice.',
    schema: { type: 'string', pattern: HOURS_PATTERN },
  },
};
