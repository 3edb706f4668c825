import { actionInfo } from '../../catalog/actions.ts';
import { NO_NAMES } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { CALENDAR } from '../../query/periods/units.ts';
import { type QueryChange, queryWithin, type UsageQuery } from '../../query/query.ts';
import type { Axis } from '../../query/view.ts';
import { daysOf } from '../../stats/explore/places.ts';
import type { Cell } from '../../tables/cells.ts';
import { type Day, firstDayOf, type Month } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import { earliest, type Instant, latest, NO_TIME, startOfDay } from '../../units/time.ts';
import { BREAKDOWNS } from '../breakdowns/breakdowns.ts';

/** What of a view a line leaves: filters, and a window. */
type Narrowed = { change: QueryChange; window: { from: Instant; to: Instant } | null };

type Words = { label: string; others: { one: string; many: string } };

/** How people read an axis and the keys on it. */
type AxisWords = Words & {
  /** A key as a row has it. */
  row: (key: string, format: Format) => string;
  /** As a heading has it. */
  heading: (key: string, format: Format) => string;
  /** As files and the API have it. */
  written: (key: string) => string;
};

const itself = (key: string) => key;

const ofNames = (by: 'action' | 'model' | 'provider', label: (key: string) => string): AxisWords => ({
  ...{ label: BREAKDOWNS[by].label, others: BREAKDOWNS[by].others },
  ...{ row: label, heading: label, written: itself },
});

const ofTime = (words: Words, row: AxisWords['row'], more: Partial<AxisWords> = {}): AxisWords => {
  const orNone = (text: AxisWords['row']) => (key: string, format: Format) =>
    key === NO_TIME ? NO_TIME : text(key, format);
  const { heading = row, written = itself } = more;
  return {
    ...words,
    row: orNone(row),
    heading: orNone(heading),
    written: (key) => (key === NO_TIME ? key : written(key)),
  };
};

const hour = (key: string, format: Format) => `${format.clockHour(Number(key))}:00`;
const month = (key: string, format: Format) => format.month(firstDayOf(key as Month));

export const AXIS_WORDS: Record<Axis, AxisWords> = {
  action: ofNames('action', (action) => actionInfo(action).label),
  model: ofNames('model', written),
  provider: ofNames('provider', itself),
  weekday: ofTime({ label: 'Weekday', others: { one: 'weekday', many: 'weekdays' } }, (key, format) =>
    format.weekday(Number(key)),
  ),
  hour: ofTime({ label: 'Hour of the day', others: { one: 'hour', many: 'hours' } }, hour, {
    heading: (key, format) => format.clockHour(Number(key)),
  }),
  day: ofTime({ label: 'Day', others: { one: 'day', many: 'days' } }, (key, format) => format.longDay(key as Day), {
    heading: (key, format) => format.shortDay(key as Day),
  }),
  week: ofTime(
    { label: 'Week', others: { one: 'week', many: 'weeks' } },
    (key, format) => CALENDAR.week.words(daysOf('week', key), format),
    { heading: (key) => CALENDAR.week.name(key as Day), written: (key) => CALENDAR.week.name(key as Day) },
  ),
  month: ofTime({ label: 'Month', others: { one: 'month', many: 'months' } }, month),
};

/** "12 other models". */
export function othersText(axis: Axis, count: number, format: Format): string {
  const { one, many } = AXIS_WORDS[axis].others;
  return `${format.integer(count)} other ${count === 1 ? one : many}`;
}

/** What leads to one key of an axis; null where an address cannot say it. */
export function narrowedTo(axis: Axis, key: string, query: UsageQuery, timeZone: string): Narrowed | null {
  if (key === NO_TIME) return null;
  switch (axis) {
    case 'action':
      return { change: { actions: [key] }, window: null };
    case 'model':
      return { change: { models: [key] }, window: null };
    case 'provider':
      return { change: { providers: [key] }, window: null };
    case 'hour':
      return { change: { hours: { first: Number(key), last: Number(key) } }, window: null };
    case 'weekday':
      return { change: { weekdays: { first: Number(key), last: Number(key) } }, window: null };
    default: {
      const { first, next } = daysOf(axis, key);
      const [begin, end] = [startOfDay(first, timeZone), startOfDay(next, timeZone)];
      const { from, to } = query.window;
      return { change: {}, window: { from: latest(begin, from ?? begin), to: earliest(end, to) } };
    }
  }
}

/** What leads to all but those keys; null where an address cannot say it. */
export function narrowedToOthers(axis: Axis, named: string[], query: UsageQuery): Narrowed | null {
  if (axis !== 'action' && axis !== 'model') return null;
  const change = BREAKDOWNS[axis].but(named, { models: [], query });
  return change === null ? null : { change, window: null };
}

/** What leads to what both leave; a query is narrowed by both at once. */
export function narrowedToBoth(row: Narrowed | null, column: Narrowed | null): Narrowed | null {
  if (row === null || column === null) return null;
  const [a, b] = [row.window, column.window];
  const window = a === null || b === null ? (a ?? b) : { from: latest(a.from, b.from), to: earliest(a.to, b.to) };
  return { change: { ...row.change, ...column.change }, window };
}

/** The query that a line leaves, for an address. */
export function queryOf({ change, window }: Narrowed, query: UsageQuery): UsageQuery {
  const narrowed = { ...query, ...change };
  return window === null ? narrowed : queryWithin(narrowed, window);
}

/** What names a row: its words, and of an action, a model the way to its page. */
export function nameCell(axis: Axis, key: string, query: UsageQuery, format: Format): Cell {
  if (axis !== 'action' && axis !== 'model' && axis !== 'provider') return { text: AXIS_WORDS[axis].row(key, format) };
  const { note: _note, ...cell } = BREAKDOWNS[axis].name(key, {
    ...{ query, names: NO_NAMES, models: [] },
    shortId: format.shortId,
  });
  return cell;
}
