/** Few words come again and again by the million; of any others no more than so many are held, and then all are forgotten. */
const MOST_REMEMBERED = 1_000;

/** The same function of a text, which computes it once for those that come again. */
export function remembered<Result>(compute: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= MOST_REMEMBERED) known.clear();
    const result = compute(text);
    known.set(text, result);
    return result;
  };
}
