import { type CalendarPeriod, periodBefore, periodOf, UNITS, type Unit } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import {
  addTime,
  BEGIN_OF_TIME,
  DAY_OF_24_HOURS,
  dayOf,
  END_OF_TIME,
  type Instant,
  startOfDay,
  WINDOW_OF_NO_TIME,
  type Window,
} from '../../units/time.ts';
import { CALENDAR } from './units.ts';

/** A window by a word or by its name in the calendar, in its one spelling: "30d", "last-month", "2026-W44". */
export type Period = string;
export const DEFAULT_PERIOD: Period = '30d';

/** When and where a period is asked for. */
type At = { asOf: Instant; timeZone: string };

/** A period of the calendar, whole days of business time. */
export type Calendar = CalendarPeriod & { unit: Unit };

/** A period that needs no name, and how it is offered. */
export type Offered = { period: Period; label: string };

/** A kind of period: what its texts are, and what each means at an instant. */
type PeriodKind = {
  /** The one spelling of a text of this kind; null where it names none. */
  read(text: string): Period | null;
  /** Those that are offered as they are. */
  offered: Offered[];
  /** All of it, whether or not it is over. */
  window(period: Period, at: At): Window;
  /** Which unit of the calendar it is, and which days; null where it is none of the calendar. */
  unit(period: Period): Unit | null;
  calendar(period: Period, at: At): Calendar | null;
  words(period: Period, at: At, format: Format): string;
};

const LENGTHS: Offered[] = [
  { period: '1d', label: '24 hours' },
  { period: '7d', label: '7 days' },
  { period: '28d', label: '28 days' },
  { period: '30d', label: '30 days' },
  { period: '90d', label: '90 days' },
];

const labelIn = (offered: Offered[], period: Period): string =>
  offered.find((one) => one.period === period)?.label ?? period;
const isIn = (offered: Offered[], text: string) => offered.some(({ period }) => period === text);

/** So many days of 24 hours until now. */
const LENGTH: PeriodKind = {
  read: (text) => (isIn(LENGTHS, text) ? text : null),
  offered: LENGTHS,
  window: (period, { asOf }) => ({
    from: addTime(asOf, -BigInt(Number.parseInt(period, 10)) * DAY_OF_24_HOURS),
    to: asOf,
  }),
  unit: () => null,
  calendar: () => null,
  words: (period) => labelIn(LENGTHS, period),
};

const ALL_TIME = { period: 'all', label: 'All time' };

/** `none`: the records whose time is none. It is offered where there are some, and is no choice beside the others. */
const ALL: PeriodKind = {
  read: (text) => (text === 'all' || text === 'none' ? text : null),
  offered: [ALL_TIME],
  window: (period, { asOf }) => (period === 'none' ? WINDOW_OF_NO_TIME : { from: null, to: asOf }),
  unit: () => null,
  calendar: () => null,
  words: (period) => (period === 'none' ? 'No time' : ALL_TIME.label),
};

const windowOfDays = ({ first, next }: CalendarPeriod, timeZone: string): Window => ({
  from: startOfDay(first, timeZone),
  to: startOfDay(next, timeZone),
});

type CalendarOf = (period: Period, at: At) => Calendar | null;
const ofCalendar = (calendar: CalendarOf): Pick<PeriodKind, 'window' | 'calendar' | 'words'> => ({
  calendar,
  window: (period, at) => windowOfDays(calendar(period, at) as Calendar, at.timeZone),
  words: (period, at, format) => {
    const found = calendar(period, at) as Calendar;
    return CALENDAR[found.unit].words(found, format);
  },
});

const RUNNING = new Map<Period, { unit: Unit; isBefore: boolean }>(
  UNITS.flatMap((unit): [Period, { unit: Unit; isBefore: boolean }][] => [
    [CALENDAR[unit].running.this, { unit, isBefore: false }],
    [CALENDAR[unit].running.last, { unit, isBefore: true }],
  ]),
);

/** "This month". */
const labelOf = (word: Period) => (word.charAt(0).toUpperCase() + word.slice(1)).replace('-', ' ');

/** The period of the calendar under way, and the one before it. */
const RUNNING_KIND: PeriodKind = {
  read: (text) => (RUNNING.has(text) ? text : null),
  offered: [...RUNNING.keys()].map((period) => ({ period, label: labelOf(period) })),
  unit: (period) => RUNNING.get(period)?.unit ?? null,
  ...ofCalendar((period, { asOf, timeZone }) => {
    const { unit, isBefore } = RUNNING.get(period) as { unit: Unit; isBefore: boolean };
    const now = periodOf(dayOf(asOf, timeZone), unit);
    return { ...(isBefore ? periodBefore(now, unit) : now), unit };
  }),
};

function namedBy(unit: Unit, text: string): Calendar | null {
  const { pattern, first } = CALENDAR[unit];
  const parts = pattern.exec(text);
  const day = parts === null ? null : first(parts.slice(1));
  return day === null ? null : { ...periodOf(day, unit), unit };
}

/** Whether the source can hold records of it. */
export function isHeld(period: CalendarPeriod): boolean {
  const { from, to } = windowOfDays(period, 'UTC') as Window & { from: Instant };
  return from < END_OF_TIME && to > BEGIN_OF_TIME;
}

const namedKind = (unit: Unit): PeriodKind => ({
  read: (text) => {
    const named = namedBy(unit, text);
    return named !== null && isHeld(named) ? CALENDAR[unit].name(named.first) : null;
  },
  offered: [],
  unit: () => unit,
  ...ofCalendar((period) => namedBy(unit, period)),
});

/** Every kind of period, in the order of what is taken: the one place to add another. */
const KINDS: PeriodKind[] = [LENGTH, ALL, RUNNING_KIND, ...UNITS.map(namedKind)];

const kindOf = (period: Period): PeriodKind => {
  const kind = KINDS.find(({ read }) => read(period) !== null);
  if (kind === undefined) throw new RangeError(`not a period: ${period}`);
  return kind;
};

/** Those that end now, and those of the calendar that need no name: this one and the last, unit by unit. */
export const UNTIL_NOW: Offered[] = [...LENGTH.offered, ...ALL.offered];
export const OF_CALENDAR: Offered[] = RUNNING_KIND.offered;

const NAMED_TAKES = UNITS.map((unit) => CALENDAR[unit].takes);
const PERIOD_TAKES =
  `takes ${[...UNTIL_NOW, ...OF_CALENDAR].map(({ period }) => period).join(', ')}, or ${NAMED_TAKES.slice(0, -1).join(', ')} or ${NAMED_TAKES.at(-1)} ` +
  'from -004713-11-24 to +294276-12-31';

/** The one spelling of what a text asks for, or why it is none. */
export function readPeriod(text: string): { period: Period } | { problem: string } {
  for (const { read } of KINDS) {
    const period = read(text);
    if (period !== null) return { period };
  }
  const unit = UNITS.find((one) => CALENDAR[one].pattern.test(text));
  return { problem: unit === undefined ? PERIOD_TAKES : `${PERIOD_TAKES}; there is no ${unit} ${text}` };
}

/** All of a period, whether or not it is over. */
export const wholeOf = (period: Period, at: At): Window => kindOf(period).window(period, at);
export const unitOf = (period: Period): Unit | null => kindOf(period).unit(period);
export const calendarOf = (period: Period, at: At): Calendar | null => kindOf(period).calendar(period, at);
/** "2026-10". */
export const nameOf = ({ unit, first }: Calendar): Period => CALENDAR[unit].name(first);
/** "October 2026". */
export const periodWords = (period: Period, at: At, format: Format): string => kindOf(period).words(period, at, format);
