import { z } from 'zod';
import { weekdayOf } from '../../units/calendar.ts';
import { dayOf, endOfDay, type Instant, startOfDay } from '../../units/time.ts';
import { businessTime } from '../business-time.ts';
import type { Filter } from './entry.ts';

/** Days of the business week, 1 for Monday to 7, the last one included; over the weekend where the first is the later. */
export type Weekdays = { first: number; last: number };

const NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** As people write them too, with a capital. */
const NAME = `(${NAMES.map((name) => `[${name[0]}${name[0]?.toUpperCase()}]${name.slice(1)}`).join('|')})`;
const WEEKDAYS_PATTERN = `^${NAME}(-${NAME})?$`;
const TAKES = `takes ${NAMES.join(', ')}, or the first and the last of several, such as mon-fri or fri-mon`;

function weekdaysOf(text: string): Weekdays {
  const [first = '', last = first] = text.toLowerCase().split('-');
  return { first: NAMES.indexOf(first) + 1, last: NAMES.indexOf(last) + 1 };
}

const nameOf = (weekday: number) => NAMES[weekday - 1] ?? '';
const weekdaysText = ({ first, last }: Weekdays) =>
  first === last ? nameOf(first) : `${nameOf(first)}-${nameOf(last)}`;

const isIn = ({ first, last }: Weekdays, weekday: number) =>
  first <= last ? weekday >= first && weekday <= last : weekday >= first || weekday <= last;

export const WEEKDAYS: Filter<Weekdays, Weekdays & { timeZone: string }> = {
  parameter: 'weekdays',
  many: false,
  schema: z.string(TAKES).regex(new RegExp(WEEKDAYS_PATTERN), TAKES).transform(weekdaysOf),
  written: weekdaysText,

  meant: (weekdays, { timeZone }) => ({ ...weekdays, timeZone }),
  // What has no time is of no day.
  where: (rows, { first, last, timeZone }) => {
    const { sql, bindings } = businessTime(timeZone);
    const within = first <= last ? 'BETWEEN ? AND ?' : 'NOT BETWEEN ? AND ?';
    const ends = first <= last ? [first, last] : [last + 1, first - 1];
    return rows.whereRaw(`isfinite(created_at) AND extract(isodow FROM ${sql}) ${within}`, [...bindings, ...ends]);
  },
  rollups: {
    from: 'dates',
    isIn: ({ timeZone, ...weekdays }) => {
      // Hours of one day follow each other.
      let last: { from: Instant; to: Instant; isIn: boolean } | null = null;
      return (at) => {
        if (last === null || at < last.from || at >= last.to) {
          const day = dayOf(at, timeZone);
          last = {
            ...{ from: startOfDay(day, timeZone), to: endOfDay(day, timeZone) },
            isIn: isIn(weekdays, weekdayOf(day)),
          };
        }
        return last.isIn;
      };
    },
  },

  label: 'day of the week is',
  also: 'or',
  negated: ({ first, last }) => {
    const rest = { first: (last % 7) + 1, last: ((first + 5) % 7) + 1 };
    return rest.first === first ? null : { parameter: 'weekdays', one: rest };
  },
  said: ({ first, last }, { format }) =>
    first === last ? format.weekday(first) : `${format.weekday(first)}–${format.weekday(last)}`,
  field: (weekdays) => ({
    place: 'more',
    label: 'Days of the week',
    kind: 'text',
    value: weekdays === null ? '' : weekdaysText(weekdays),
    most: 7,
    placeholder: 'mon-fri',
    title: 'A day of the week, or the first and the last of several: mon, mon-fri, or fri-mon over the weekend',
  }),

  option: { value: 'DAYS', help: 'of these days of the week, such as mon or mon-fri; fri-mon goes over the weekend' },
  openapi: {
    description:
      'Only records of these days of the week, from the first up to and including the last, in the business time zone: `mon`, ' +
      '`mon-fri`, or `fri-mon` over the weekend.',
    schema: { type: 'string', pattern: WEEKDAYS_PATTERN },
  },
};
