import { type Day, dayNumber, firstDayOf, monthOf } from '../units/calendar.ts';
import { type MicroEuros, microEuros, NO_EUROS, plus } from '../units/money.ts';
import { addDays } from '../units/time.ts';

/** What each day cost; days before the first one are unknown, others that are missing cost nothing. */
export type DailyCosts = Map<Day, MicroEuros>;

/** A past month as it would have been forecast, and as it turned out. `rest` is the part that was still to come. */
export type PastForecast = {
  firstDay: Day;
  forecast: MicroEuros;
  actual: MicroEuros;
  rest: { forecast: MicroEuros; actual: MicroEuros };
};

export type MonthForecast = {
  /** Until now. */
  spent: MicroEuros;
  /** To the end of the month; null with less than a week of history. */
  total: MicroEuros | null;
  /** As far off as the past forecasts were at most, to either side; null with less than two of them. The total is within it. */
  range: { low: MicroEuros; high: MicroEuros } | null;
  past: PastForecast[];
};

/** Eight of each weekday: long enough to even out, short enough to follow a change. */
const HISTORY_DAYS = 56;
const SHORTEST_HISTORY_DAYS = 7;
const PAST_MONTHS = 6;
const FEWEST_FOR_RANGE = 2;

/** The same by the number of the day: a forecast counts a thousand days, and dates are slow to count with. */
type History = Map<number, MicroEuros>;

const firstOf = (day: Day): Day => firstDayOf(monthOf(day));
const monthAfter = (day: Day): Day => firstOf(addDays(firstOf(day), 31));
const monthBefore = (day: Day): Day => firstOf(addDays(firstOf(day), -1));

/** The first day whose cost a forecast of the month of `today` looks at. */
export function historyBegins(today: Day): Day {
  let day = today;
  for (let months = 0; months < PAST_MONTHS; months++) day = monthBefore(day);
  return addDays(day, -HISTORY_DAYS);
}

/**
 * What the month of `today` will cost: what it has cost, and for the days to come what the same weekdays cost on average in
 * the eight weeks before. `passed` is the share of today that is over, 0 to 1. The past months are forecast in the same way
 * from the morning of the same day of the month.
 */
export function forecastMonth(costs: DailyCosts, today: Day, passed: number): MonthForecast {
  const history: History = new Map([...costs].map(([day, cost]) => [dayNumber(day), cost]));
  const now = dayNumber(today);
  const spent = sumOfDays(history, dayNumber(firstOf(today)), now + 1);
  if (history.size === 0) return { spent, total: null, range: null, past: [] };
  const begin = Math.min(...history.keys());
  const past = pastForecasts(history, begin, today);
  const ofToday = expected(history, begin, now, now, now + 1);
  const later = expected(history, begin, now, now + 1, dayNumber(monthAfter(today)));
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

/** Newest first; months that began before there was a week to learn from are left out. */
function pastForecasts(history: History, begin: number, today: Day): PastForecast[] {
  const past: PastForecast[] = [];
  const daysPassed = Number(today.slice(8)) - 1;
  for (let firstDay = monthBefore(today); past.length < PAST_MONTHS; firstDay = monthBefore(firstDay)) {
    const first = dayNumber(firstDay);
    const end = dayNumber(monthAfter(firstDay));
    const day = Math.min(first + daysPassed, end - 1);
    const toCome = expected(history, begin, day, day, end);
    if (toCome === null) break;
    const forecast = microEuros(Math.round(toCome));
    const spent = sumOfDays(history, first, day);
    const actual = sumOfDays(history, day, end);
    past.push({
      firstDay,
      forecast: plus(spent, forecast),
      actual: plus(spent, actual),
      rest: { forecast, actual },
    });
  }
  return past;
}

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
