import { LRUCache } from 'lru-cache';
import { handled } from '../../units/promises/handled.ts';

/** Values by key; what has not been asked for longest goes when there is no room for another. */
export type CachePart<T> = {
  get: (key: string) => T | undefined;
  set: (key: string, value: T) => void;
  /** The value of a key, loaded once for all who ask for it meanwhile. A failure is told those who wait for it, and not kept. */
  read: (key: string, load: () => Promise<T>) => Promise<T>;
};

/** A part of a name of its own. `bytesOf` says how large a value is; null where it is for those who wait for it alone. */
export type MakePart = <T>(name: string, bytesOf: (value: T) => number | null) => CachePart<T>;

/**
 * Several kinds of values in one number of bytes. `large` makes parts of values that are each a good part of it, and may take what others leave
 * besides what is theirs. `drop` lets go of all parts whose names begin so.
 */
export type Cache = { part: MakePart; large: MakePart; drop: (name: string) => void };

/** What an entry takes besides its value: its key, and its places in lists. */
const BYTES_AN_ENTRY = 200;

/** What is not large keeps so much of the room: a few large ones, asked for in turn, would drive all of it out, and each other none the less. */
const SHARE_OF_SMALL = 0.65;

/** Keeps what fits into `mostBytes`, by what its parts say of their values. One that is larger than all of it is not kept. */
export function createCache(mostBytes: number): Cache {
  const createKept = () =>
    new LRUCache<string, { value: unknown; bytes: number }>({
      maxSize: Math.floor(mostBytes),
      sizeCalculation: ({ bytes }) => BYTES_AN_ENTRY + Math.ceil(bytes),
    });
  const small = createKept();
  const large = createKept();
  const makeRoom = () => {
    while (small.calculatedSize + large.calculatedSize > mostBytes) {
      // The newest of the large ones stays: a page asks for it more than once.
      const fromLarge = small.size === 0 || (large.size > 1 && small.calculatedSize <= SHARE_OF_SMALL * mostBytes);
      (fromLarge ? large : small).pop();
    }
  };
  const partOf =
    (kept: typeof small): MakePart =>
    <T>(name: string, bytesOf: (value: T) => number | null): CachePart<T> => {
      const loading = new Map<string, Promise<T>>();
      const prefix = `${name} `;
      const get = (key: string) => kept.get(prefix + key)?.value as T | undefined;
      const set = (key: string, value: T) => {
        const bytes = bytesOf(value);
        if (bytes === null) return;
        kept.set(prefix + key, { value, bytes });
        makeRoom();
      };
      return {
        get,
        set,
        read: (key, load) => {
          const value = get(key);
          if (value !== undefined) return Promise.resolve(value);
          const found = loading.get(key);
          if (found !== undefined) return found;
          const promise = handled(load());
          loading.set(key, promise);
          promise.then(
            (loaded) => {
              loading.delete(key);
              set(key, loaded);
            },
            () => loading.delete(key),
          );
          return promise;
        },
      };
    };
  return {
    part: partOf(small),
    large: partOf(large),
    drop: (name) => {
      for (const kept of [small, large]) for (const key of [...kept.keys()]) if (key.startsWith(name)) kept.delete(key);
    },
  };
}
