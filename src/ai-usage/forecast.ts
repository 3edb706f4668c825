import type { MicroEuros } from '../units/money.ts';
import { addDays, type Day, weekdayOf } from '../units/time.ts';

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
  /** Had the rest of the month gone like the best and the worst of the past ones; null with less than two of them. */
  range: { low: MicroEuros; high: MicroEuros } | null;
  past: PastForecast[];
};

/** Eight of each weekday: long enough to even out, short enough to follow a change. */
const HISTORY_DAYS = 56;
const SHORTEST_HISTORY_DAYS = 7;
const PAST_MONTHS = 6;
const FEWEST_FOR_RANGE = 2;

const firstOf = (day: Day): Day => `${day.slice(0, 7)}-01`;
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
  const begin = [...costs.keys()].sort()[0];
  const spent = sumOfDays(costs, firstOf(today), addDays(today, 1));
  if (begin === undefined) return { spent, total: null, range: null, past: [] };
  const past = pastForecasts(costs, begin, today);
  const ofToday = expected(costs, begin, today, today, addDays(today, 1));
  const later = expected(costs, begin, today, addDays(today, 1), monthAfter(today));
  if (ofToday === null || later === null) return { spent, total: null, range: null, past };
  const rest = ofToday * (1 - passed) + later;
  const ratios = past.filter(({ rest }) => rest.forecast > 0).map(({ rest }) => rest.actual / rest.forecast);
  return {
    spent,
    total: spent + Math.round(rest),
    range:
      ratios.length < FEWEST_FOR_RANGE
        ? null
        : { low: spent + Math.round(rest * Math.min(...ratios)), high: spent + Math.round(rest * Math.max(...ratios)) },
    past,
  };
}

/** Newest first; months that began before there was a week to learn from are left out. */
function pastForecasts(costs: DailyCosts, begin: Day, today: Day): PastForecast[] {
  const past: PastForecast[] = [];
  const dayOfMonth = Number(today.slice(8));
  for (let firstDay = monthBefore(today); past.length < PAST_MONTHS; firstDay = monthBefore(firstDay)) {
    const end = monthAfter(firstDay);
    const lastDay = addDays(end, -1);
    const sameDay = addDays(firstDay, dayOfMonth - 1);
    const day = sameDay > lastDay ? lastDay : sameDay;
    const forecast = expected(costs, begin, day, day, end);
    if (forecast === null) break;
    const spent = sumOfDays(costs, firstDay, day);
    const actual = sumOfDays(costs, day, end);
    past.push({
      firstDay,
      forecast: spent + Math.round(forecast),
      actual: spent + actual,
      rest: { forecast: Math.round(forecast), actual },
    });
  }
  return past;
}

/** What the days from `from` up to `to` will cost as seen on the morning of `day`; null with too little history. */
function expected(costs: DailyCosts, begin: Day, day: Day, from: Day, to: Day): number | null {
  const weekdays = new Map<number, { cost: MicroEuros; days: number }>();
  let days = 0;
  for (let past = addDays(day, -1); past >= begin && days < HISTORY_DAYS; past = addDays(past, -1)) {
    const weekday = weekdays.get(weekdayOf(past)) ?? { cost: 0, days: 0 };
    weekday.cost += costs.get(past) ?? 0;
    weekday.days += 1;
    weekdays.set(weekdayOf(past), weekday);
    days += 1;
  }
  if (days < SHORTEST_HISTORY_DAYS) return null;
  let sum = 0;
  for (let next = from; next < to; next = addDays(next, 1)) {
    const weekday = weekdays.get(weekdayOf(next));
    if (weekday) sum += weekday.cost / weekday.days;
  }
  return sum;
}

function sumOfDays(costs: DailyCosts, from: Day, to: Day): MicroEuros {
  let sum = 0;
  for (let day = from; day < to; day = addDays(day, 1)) sum += costs.get(day) ?? 0;
  return sum;
}
