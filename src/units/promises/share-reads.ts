import { handled } from './handled.ts';

/**
 * Lets callers that ask for one key at the same time share one reading. Never one that is already under way: it may
 * have seen what was true before they asked (a session that has ended since), so they wait and share the next.
 */
export function shareReads<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const underWay = new Map<string, Promise<unknown>>();
  const next = new Map<string, Promise<T>>();

  const begin = (key: string): Promise<T> => {
    next.delete(key);
    const reading = handled(read(key));
    const ended = reading.then(
      () => {},
      () => {},
    );
    underWay.set(key, ended);
    handled(
      ended.then(() => {
        if (underWay.get(key) === ended) underWay.delete(key);
      }),
    );
    return reading;
  };

  return (key) => {
    const before = underWay.get(key);
    if (!before) return begin(key);
    const shared = next.get(key) ?? handled(before.then(() => begin(key)));
    next.set(key, shared);
    return shared;
  };
}
