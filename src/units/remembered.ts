/** Few words come again and again by the million. */
const MOST = 1_000;

/** The same function, which computes it once for what comes again. Of so many results all are forgotten then. */
export function remembered<Key extends string | number, Result>(
  compute: (key: Key) => Result,
  most = MOST,
): (key: Key) => Result {
  const known = new Map<Key, Result>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= most) known.clear();
    const result = compute(key);
    known.set(key, result);
    return result;
  };
}
