import { type Day, dayNumber, dayOfNumber } from '../units/calendar.ts';
import { type CalendarPeriod, type Per, periodBefore, periodOf } from '../units/calendar-period.ts';
import { type MicroEuros, microEuros, NO_EUROS, plus } from '../units/money.ts';
import { addDays } from '../units/time.ts';

/** What each day cost; days before the first one are unknown, others that are missing cost nothing. */
export type DailyCosts = Map<Day, MicroEuros>;

/** A past period as it would have been forecast, and as it turned out. `rest` is the part that was still to come. */
export type PastForecast = {
  firstDay: Day;
  forecast: MicroEuros;
  actual: MicroEuros;
  rest: { forecast: MicroEuros; actual: MicroEuros };
};

export type Forecast = {
  /** Until now. */
  spent: MicroEuros;
  /** To the end of the period; null with less than a week of history. */
  total: MicroEuros | null;
  /** As far off as the past forecasts were at most, to either side; null with less than two of them. The total is within it. */
  range: { low: MicroEuros; high: MicroEuros } | null;
  past: PastForecast[];
};

/** Eight of each weekday: long enough to even out, short enough to follow a change. */
const HISTORY_DAYS = 56;
const SHORTEST_HISTORY_DAYS = 7;
const PAST_PERIODS = 6;
const FEWEST_FOR_RANGE = 2;

/** The same by the number of the day: a forecast counts a thousand days, and dates are slow to count with. */
type History = Map<number, MicroEuros>;

/** The first day whose cost a forecast of the period of `today` looks at. */
export function historyBegins(today: Day, per: Per): Day {
  let period = periodOf(today, per);
  for (let past = 0; past < PAST_PERIODS; past++) period = periodBefore(period, per);
  return addDays(period.first, -HISTORY_DAYS);
}

/**
 * What the period of `today` will cost: what it has cost, and for the days to come what the same weekdays cost on average in
 * the eight weeks before. `passed` is the share of today that is over, 0 to 1. Past periods are forecast in the same way,
 * each from the morning of the day that is as far from its first.
 */
export function forecastPeriod(costs: DailyCosts, today: Day, passed: number, per: Per): Forecast {
  const history = historyOf(costs);
  const period = periodOf(today, per);
  const now = dayNumber(today);
  const spent = sumOfDays(history, dayNumber(period.first), now + 1);
  if (history.size === 0) return { spent, total: null, range: null, past: [] };
  const begin = Math.min(...history.keys());
  const past = pastForecasts(history, begin, period, now - dayNumber(period.first), per);
  const ofToday = expected(history, begin, now, now, now + 1);
  const later = expected(history, begin, now, now + 1, dayNumber(period.next));
  if (ofToday === null || later === null) return { spent, total: null, range: null, past };
  const rest = ofToday * (1 - passed) + later;
  const ratios = past.filter(({ rest }) => rest.forecast > 0).map(({ rest }) => rest.actual / rest.forecast);
  // With more refunds than costs to come, the larger ratio is the lower end.
  const ends = [1, ...ratios].map((ratio) => microEuros(spent + Math.round(rest * ratio)));
  return {
    spent,
    total: microEuros(spent + Math.round(rest)),
    range:
      ratios.length < FEWEST_FOR_RANGE
        ? null
        : { low: microEuros(Math.min(...ends)), high: microEuros(Math.max(...ends)) },
    past,
  };
}

const historyOf = (costs: DailyCosts): History => new Map([...costs].map(([day, cost]) => [dayNumber(day), cost]));

/** Newest first; periods of whose part before there was no week to learn from are left out. */
function pastForecasts(
  history: History,
  begin: number,
  of: CalendarPeriod,
  daysPassed: number,
  per: Per,
): PastForecast[] {
  const past: PastForecast[] = [];
  for (let period = periodBefore(of, per); past.length < PAST_PERIODS; period = periodBefore(period, per)) {
    const first = dayNumber(period.first);
    const end = dayNumber(period.next);
    const day = Math.min(first + daysPassed, end - 1);
    const toCome = expected(history, begin, day, day, end);
    if (toCome === null) break;
    const forecast = microEuros(Math.round(toCome));
    const spent = sumOfDays(history, first, day);
    const actual = sumOfDays(history, day, end);
    past.push({
      firstDay: period.first,
      forecast: plus(spent, forecast),
      actual: plus(spent, actual),
      rest: { forecast, actual },
    });
  }
  return past;
}

/** The pattern of a period's days: what each of them is expected to cost by its weekday, all the same where nothing tells. */
export type Pattern = { day: Day; weight: number }[];

/** As seen on the morning of its first day, and where that is too early for a week of history, as seen today. */
export function patternOf(costs: DailyCosts, today: Day, { first, next }: CalendarPeriod): Pattern {
  const history = historyOf(costs);
  const begin = history.size === 0 ? Number.POSITIVE_INFINITY : Math.min(...history.keys());
  const days = daysFrom(dayNumber(first), dayNumber(next));
  for (const seen of [dayNumber(first), dayNumber(today)]) {
    const weights = days.map((day) => expected(history, begin, seen, day, day + 1) ?? 0);
    // Refunds are no pattern.
    if (weights.every((weight) => weight >= 0) && weights.some((weight) => weight > 0))
      return days.map((day, i) => ({ day: dayOfNumber(day), weight: weights[i] as number }));
  }
  return days.map((day) => ({ day: dayOfNumber(day), weight: 1 }));
}

const daysFrom = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** What the days from `from` up to `to` will cost as seen on the morning of `day`; null with too little history. */
function expected(history: History, begin: number, day: number, from: number, to: number): number | null {
  const historyFrom = Math.max(begin, day - HISTORY_DAYS);
  if (day - historyFrom < SHORTEST_HISTORY_DAYS) return null;
  let sum = 0;
  for (let next = from; next < to; next++) sum += weekdayAverage(history, next, historyFrom, day);
  return sum;
}

/** What the days from `from` up to `to` that are of the weekday of `day` cost on average. */
function weekdayAverage(history: History, day: number, from: number, to: number): number {
  let cost = 0;
  let days = 0;
  for (let past = from + ((((day - from) % 7) + 7) % 7); past < to; past += 7) {
    cost += history.get(past) ?? 0;
    days += 1;
  }
  return days === 0 ? 0 : cost / days;
}

function sumOfDays(history: History, from: number, to: number): MicroEuros {
  let sum = NO_EUROS;
  for (let day = from; day < to; day++) sum = plus(sum, history.get(day) ?? NO_EUROS);
  return sum;
}
