import { type Instant, instantAt, MINUTE, now } from '../units/time.ts';
import type { Account } from './account.ts';

/** Upper ends of what is counted together, in milliseconds: each a fifth above the one before, and 300, which is promised, one of them. */
export const BOUNDS_MS: readonly number[] = Array.from({ length: 64 }, (_, i) => 300 * 1.2 ** (i - 32));

/** How long a figure of response times is of. */
const BUCKET = 5n * MINUTE;

/** Two hours: what the database did not take until then is lost, for it would be counted twice. */
const MOST_BUCKETS = 24;
const MOST_ROUTES = 300;
const MOST_SLOW = 20;
const MOST_KINDS = 100;
const MOST_IDS = 5;
const MOST_OF_AN_ADDRESS = 500;
const MOST_OF_A_KIND = 200;
const OTHERS = '(others)';
/** What they take says nothing of what is asked. */
const FILES = '/assets';

/** How many requests took up to each of the bounds, and the last more. */
export type Counts = number[];

/** A request that took long, and where its time went. */
export type SlowRequest = {
  at: Instant;
  id: string;
  route: string;
  address: string;
  status: number;
  ms: number;
  databaseMs: number;
  renderingMs: number;
  asked: Record<string, { queries: number; ms: number }>;
};

/** Errors of one kind on one day, with the ids of the last requests that met it. */
export type FailureKind = { day: Instant; kind: string; count: number; lastAt: Instant; ids: string[] };

export type Recent = ReturnType<typeof createRecent>;

/** What has been seen since it was last written down: at most two hours of it, the slowest requests and a hundred kinds of errors. */
export function createRecent() {
  const buckets = new Map<Instant, Map<string, Counts>>();
  let slow: SlowRequest[] = [];
  const failures = new Map<string, FailureKind>();

  const countsOf = (route: string): Counts => {
    const begins = startOf(now(), BUCKET);
    const routes = buckets.get(begins) ?? new Map<string, Counts>();
    buckets.set(begins, routes);
    const [oldest] = buckets.keys();
    if (buckets.size > MOST_BUCKETS && oldest !== undefined) buckets.delete(oldest);
    const name = routes.has(route) || routes.size < MOST_ROUTES ? route : OTHERS;
    const counts = routes.get(name) ?? Array.from({ length: BOUNDS_MS.length + 1 }, () => 0);
    routes.set(name, counts);
    return counts;
  };

  return {
    answered(request: Omit<SlowRequest, 'at' | 'databaseMs' | 'renderingMs' | 'asked'>, account: Account): void {
      const counts = countsOf(request.route);
      const index = bucketOf(request.ms);
      counts[index] = (counts[index] ?? 0) + 1;
      if (request.route.startsWith(FILES)) return;
      const slowest = slow.at(-1);
      if (slow.length === MOST_SLOW && slowest !== undefined && slowest.ms >= request.ms) return;
      const { databaseMs, renderingMs, asked } = account;
      const address = request.address.slice(0, MOST_OF_AN_ADDRESS);
      slow.push({ ...request, address, at: now(), databaseMs, renderingMs, asked: Object.fromEntries(asked) });
      slow = slow.sort((a, b) => b.ms - a.ms).slice(0, MOST_SLOW);
    },

    failed(kind: string, id: string | null): void {
      const at = now();
      const day = startOf(at, 24n * 60n * MINUTE);
      const key = `${day} ${kind.slice(0, MOST_OF_A_KIND)}`;
      const isKnown = failures.has(key) || failures.size < MOST_KINDS;
      const name = isKnown ? key : `${day} ${OTHERS}`;
      const before = failures.get(name);
      failures.set(name, {
        ...{ day, kind: isKnown ? kind.slice(0, MOST_OF_A_KIND) : OTHERS, lastAt: at },
        count: (before?.count ?? 0) + 1,
        ids: [...(id === null ? [] : [id]), ...(before?.ids ?? [])].slice(0, MOST_IDS),
      });
    },

    /** What there is to write down. Buckets and failures are what has been counted in all: writing them once more changes nothing. */
    seen: () => ({
      at: now(),
      times: [...buckets].flatMap(([begins, routes]) =>
        [...routes].map(([route, counts]) => ({ begins, route, counts: [...counts] })),
      ),
      slow: [...slow],
      failures: [...failures.values()],
    }),

    /** Forgets what has been written down and did not go on at that time. */
    written({ at, slow: known }: { at: Instant; slow: readonly SlowRequest[] }): void {
      for (const begins of buckets.keys()) if (begins < startOf(at, BUCKET)) buckets.delete(begins);
      for (const [key, { day }] of failures) if (day < startOf(at, 24n * 60n * MINUTE)) failures.delete(key);
      slow = slow.filter((one) => !known.includes(one));
    },
  };
}

const startOf = (instant: Instant, length: bigint): Instant => instantAt(instant - (instant % length));

/** The index of the first bound that is not exceeded. */
function bucketOf(ms: number): number {
  const index = BOUNDS_MS.findIndex((bound) => ms <= bound);
  return index === -1 ? BOUNDS_MS.length : index;
}
