import type { Format } from '../../units/format.ts';

/** The most that is read of a file: five thousand lines of prices are half of that. */
export const LARGEST_FILE = 1_000_000;

/** "12 prices were added. 3 were there already." */
export function importedInWords(
  { added, same }: { added: number; same: number },
  withdrawn: number,
  format: Format,
): string {
  const were = (count: number) => `${format.integer(count)} ${count === 1 ? 'was' : 'were'}`;
  const sentences = [`${format.integer(added)} ${added === 1 ? 'price was' : 'prices were'} added.`];
  if (same > 0) sentences.push(`${were(same)} there already.`);
  if (withdrawn > 0) sentences.push(`${were(withdrawn)} withdrawn, and left out.`);
  return sentences.join(' ');
}
