/** One statement reads what so many records are kept as, and at least one item: at ten million records it takes a moment. */
export const RECORDS_A_READ = 20_000;

/** Items in their order, in pieces that weigh `most` each; one that weighs more is a piece of its own. */
export function inPieces<T>(items: T[], weightOf: (item: T) => number, most: number): T[][] {
  const pieces: T[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const item of items) {
    weight += weightOf(item);
    if (weight > most) {
      pieces.push([]);
      weight = weightOf(item);
    }
    pieces.at(-1)?.push(item);
  }
  return pieces;
}
