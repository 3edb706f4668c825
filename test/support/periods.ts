import fc from 'fast-check';
import type { Instant } from '../../src/units/time.ts';

const padded = (most: number, digits: number) =>
  fc.integer({ min: 1, max: most }).map((number) => String(number).padStart(digits, '0'));

/** Texts of every kind of period, written for the tests alone; the days of a month are at most 28, as every month has them. */
export const PERIODS_BY_NAME = {
  length: fc.constantFrom('1d', '7d', '28d', '30d', '90d', 'all'),
  running: fc.constantFrom(
    ...['today', 'yesterday', 'this-week', 'last-week', 'this-month', 'last-month'],
    ...['this-quarter', 'last-quarter', 'this-year', 'last-year'],
  ),
  day: fc.tuple(fc.constantFrom('2025', '2026'), padded(12, 2), padded(28, 2)).map((parts) => parts.join('-')),
  week: fc.tuple(fc.constantFrom('2025', '2026'), padded(52, 2)).map(([year, week]) => `${year}-W${week}`),
  month: fc.tuple(fc.constantFrom('2025', '2026'), padded(12, 2)).map((parts) => parts.join('-')),
  quarter: fc.tuple(fc.constantFrom('2025', '2026'), padded(4, 1)).map(([year, quarter]) => `${year}-Q${quarter}`),
  year: fc.constantFrom('0000', '1911', '2025', '2026', '9999', '+012026', '+294276', '-004713'),
};

export const periodText: fc.Arbitrary<string> = fc.oneof(...Object.values(PERIODS_BY_NAME));

/** The names of what a day of UTC lies in, and the words of what it lies near, by the calendar of Date. */
const NAMES: ((day: Date) => string)[] = [
  (day) => day.toISOString().slice(0, 10),
  (day) => day.toISOString().slice(0, 7),
  (day) => day.toISOString().slice(0, 4),
  (day) => `${day.getUTCFullYear()}-Q${Math.floor(day.getUTCMonth() / 3) + 1}`,
  (day) => {
    const thursday = new Date(day.getTime() + (4 - (day.getUTCDay() || 7)) * 86_400_000);
    const year = thursday.getUTCFullYear();
    const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604_800_000) + 1;
    return `${year}-W${String(week).padStart(2, '0')}`;
  },
];

/** Of every kind of period one that a window of the last days can be, as the text of it at an instant. */
export const recentPeriod = (days: number): fc.Arbitrary<(at: Instant) => string> =>
  fc.oneof(
    fc.oneof(PERIODS_BY_NAME.length, PERIODS_BY_NAME.running).map((text) => () => text),
    fc.tuple(fc.constantFrom(...NAMES), fc.integer({ min: 0, max: days })).map(
      ([name, ago]) =>
        (at: Instant) =>
          name(new Date(Number(at / 1000n) - ago * 86_400_000)),
    ),
  );
