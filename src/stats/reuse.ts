import { handled } from '../units/promises/handled.ts';

const MOST_KEPT = 500;

/** Answers a key with the promise of its last computation while that is young enough. */
export type Reuse = <T>(key: string, compute: () => Promise<T>) => Promise<T>;

/**
 * Many identical requests at once become one computation (single flight), and its result serves for `maxAgeMs` more; a
 * failure serves nobody but those who were waiting for it. With 0, only what is under way is shared. Each question is `told`.
 */
export function createReuse(maxAgeMs: number, told: (outcome: 'reused' | 'computed') => void): Reuse {
  const kept = new Map<string, { promise: Promise<unknown>; until: number }>();

  return <T>(key: string, compute: () => Promise<T>): Promise<T> => {
    const found = kept.get(key);
    const young = found !== undefined && found.until > performance.now();
    told(young ? 'reused' : 'computed');
    if (young) return found.promise as Promise<T>;
    const promise = handled(compute());
    const entry = { promise, until: Number.POSITIVE_INFINITY };
    kept.delete(key);
    kept.set(key, entry);
    // What serves nobody any more may be large, such as the sums of every day.
    for (const [one, { until }] of kept) if (until <= performance.now()) kept.delete(one);
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    promise.then(
      () => {
        entry.until = performance.now() + maxAgeMs;
      },
      () => {
        if (kept.get(key) === entry) kept.delete(key);
      },
    );
    return promise;
  };
}
