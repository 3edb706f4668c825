/** Lets each key hold at most so many at once: the way to give one back, or null when all are taken. */
export function createLimit(most: number): (key: string) => (() => void) | null {
  const held = new Map<string, number>();
  return (key) => {
    const before = held.get(key) ?? 0;
    if (before >= most) return null;
    held.set(key, before + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const left = (held.get(key) ?? 1) - 1;
      if (left === 0) held.delete(key);
      else held.set(key, left);
    };
  };
}
