/** The middle of some numbers, of an even count the mean of the two in the middle. @throws RangeError of none */
export function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('no numbers have no median');
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** How far numbers are from their median as a rule: the median of the distances (the median absolute deviation). */
export const deviation = (numbers: number[], middle: number): number =>
  median(numbers.map((number) => Math.abs(number - middle)));
