import type { Knex } from 'knex';
import { BOUNDS_MS } from '../measuring/recent.ts';
import { groupedBy } from '../units/grouped-by.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
} from '../units/time.ts';

/** How many requests took up to each bound, by the index of the bound. */
type Counted = Map<number, number>;

/** In milliseconds; null without requests. */
export type Quantiles = { requests: number; p50: number | null; p95: number | null; p99: number | null };

export const LOOKBACKS = { hour: HOUR, day: DAY_OF_24_HOURS, week: 7n * DAY_OF_24_HOURS } as const;
export type Lookback = keyof typeof LOOKBACKS;

export type RouteTimes = { route: string } & Record<Lookback, Quantiles>;

/**
 * How many milliseconds a share of the requests took at most, by straight lines between the bounds: within a fifth.
 * As Prometheus does it: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantileOf(counted: Counted, share: number): number | null {
  const total = [...counted.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [index, count] of [...counted].sort(([a], [b]) => a - b)) {
    const from = BOUNDS_MS[index - 1] ?? 0;
    // Of what took longer than all bounds nothing more is known.
    const to = BOUNDS_MS[index] ?? from;
    if (left <= count) return from + ((to - from) * left) / count;
    left -= count;
  }
  return BOUNDS_MS.at(-1) ?? null;
}

/** The share of requests that took at most so long, which is one of the bounds; null without requests. */
export function shareWithin(counted: Counted, ms: number): number | null {
  const entries = [...counted];
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const within = entries.filter(([index]) => (BOUNDS_MS[index] ?? Number.POSITIVE_INFINITY) <= ms * 1.000_001);
  return within.reduce((sum, [, count]) => sum + count, 0) / total;
}

const quantilesOf = (counted: Counted): Quantiles => ({
  requests: [...counted.values()].reduce((sum, count) => sum + count, 0),
  ...{ p50: quantileOf(counted, 0.5), p95: quantileOf(counted, 0.95), p99: quantileOf(counted, 0.99) },
});

const counted = (rows: { bound: string; count: string | null }[]): Counted =>
  new Map(rows.flatMap(({ bound, count }) => (count === null ? [] : [[Number(bound) - 1, Number(count)] as const])));

/** Every route that was asked for within a week, the one asked most first, and how many of some routes took how long in the last day. */
export async function readRouteTimes(backoffice: Knex, at: Instant, isPage: (route: string) => boolean) {
  const since = (back: Lookback) => postgresFromInstant(addTime(at, -LOOKBACKS[back]));
  const { rows } = await backoffice.raw<{
    rows: { route: string; bound: string; hour: string | null; day: string | null; week: string }[];
  }>(
    `SELECT route, bound,
            sum(count) FILTER (WHERE begins >= ?) AS hour,
            sum(count) FILTER (WHERE begins >= ?) AS day,
            sum(count) AS week
       FROM response_times, unnest(counts) WITH ORDINALITY AS counted (count, bound)
      WHERE begins >= ? AND count > 0
      GROUP BY route, bound`,
    [since('hour'), since('day'), since('week')],
  );
  const byRoute = groupedBy(rows, ({ route }) => route);
  const routes = [...byRoute].map(
    ([route, of]): RouteTimes => ({
      route,
      hour: quantilesOf(counted(of.map(({ bound, hour }) => ({ bound, count: hour })))),
      day: quantilesOf(counted(of.map(({ bound, day }) => ({ bound, count: day })))),
      week: quantilesOf(counted(of.map(({ bound, week }) => ({ bound, count: week })))),
    }),
  );
  const pages: Counted = new Map();
  for (const { route, bound, day } of rows)
    if (day !== null && isPage(route)) pages.set(Number(bound) - 1, (pages.get(Number(bound) - 1) ?? 0) + Number(day));
  return { routes: routes.sort((a, b) => b.week.requests - a.week.requests), pages };
}

/** By hour of the last week that had requests, oldest first: how long 95 % of them took at most. */
export async function readHourlyTimes(backoffice: Knex, at: Instant): Promise<Map<Instant, number | null>> {
  const { rows } = await backoffice.raw<{ rows: { hour: string; bound: string; count: string }[] }>(
    `SELECT date_trunc('hour', begins) AS hour, bound, sum(count) AS count
       FROM response_times, unnest(counts) WITH ORDINALITY AS counted (count, bound)
      WHERE begins >= ? AND count > 0
      GROUP BY hour, bound ORDER BY hour`,
    [postgresFromInstant(addTime(at, -LOOKBACKS.week))],
  );
  return new Map(
    [...groupedBy(rows, ({ hour }) => hour)].map(([hour, of]) => [
      instantFromPostgres(hour),
      quantileOf(counted(of), 0.95),
    ]),
  );
}
