import type { Day } from '../../units/calendar.ts';
import type { LineAt } from '../changes.ts';

/** How many tokens an API says that an item of a day is, by the words that the item has on the bill. */
export type TokensOfItem = { day: Day; project: string | null; item: string; tokens: number };

/** "gpt-5 batch, output" and "gpt-5, output, batch" are the same item. */
const wordsOf = (item: string): string =>
  item
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .sort()
    .join(' ');

const keyOf = (day: Day, project: string | null, item: string) => JSON.stringify([day, project ?? '', wordsOf(item)]);

/** The lines of a bill with their tokens, where some are said of just that item; what is no usage has none. */
export function withTokens(lines: LineAt[], said: readonly TokensOfItem[]): LineAt[] {
  const tokens = new Map<string, number>();
  for (const one of said) {
    const key = keyOf(one.day, one.project, one.item);
    tokens.set(key, (tokens.get(key) ?? 0) + one.tokens);
  }
  return lines.map((line) => {
    const found = tokens.get(keyOf(line.firstDay, line.project, line.item)) ?? 0;
    return found > 0 && line.kind !== 'credit' ? { ...line, quantity: String(found) } : line;
  });
}
