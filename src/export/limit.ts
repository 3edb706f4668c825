/** Gives a place back; or which limit is reached, that of each key or that of all. */
export type Place = (() => void) | 'each' | 'all';

/** Lets each key hold at most `each` at once, and all of them together `all`. */
export function createLimit({ each, all = Number.POSITIVE_INFINITY }: { each: number; all?: number }) {
  const held = new Map<string, number>();
  let together = 0;
  return (key: string): Place => {
    const before = held.get(key) ?? 0;
    if (before >= each) return 'each';
    if (together >= all) return 'all';
    held.set(key, before + 1);
    together += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      together -= 1;
      const left = (held.get(key) ?? 1) - 1;
      if (left === 0) held.delete(key);
      else held.set(key, left);
    };
  };
}
