import { KINDS, type Kind, shortestDecimal } from '../../stats/bills/bill-lines.ts';

/** As Google says it (`cost_type`). */
const OF_PROVIDERS: Record<string, Kind | null> = {
  regular: null,
  tax: 'tax',
  adjustment: 'credit',
  rounding_error: 'other',
};

const CREDIT = /\b(credits?|refund|discount|promotion|adjustment|grant)/i;
const TAX = /\b(vat|gst|iva|tax(es)?)\b/i;
const BATCH = /\bbatch/i;
const CACHED = /\bcach(ed?|ing)\b|cached_|cache_/i;

/** What kind of charge a line is by what it says: the word of a column of its own, or the words of the line item. */
export function kindOf(item: string, amount: string, said: string): Kind | null {
  const word = said.trim().toLowerCase();
  const isLess = shortestDecimal(amount).startsWith('-');
  if (word !== '') {
    if ((KINDS as readonly string[]).includes(word)) return word as Kind;
    if (!Object.hasOwn(OF_PROVIDERS, word)) return null;
    const kind = OF_PROVIDERS[word] ?? null;
    if (kind === 'credit') return isLess ? 'credit' : 'other';
    if (kind !== null) return isLess ? 'credit' : kind;
  }
  if (CREDIT.test(item) && (isLess || shortestDecimal(amount) === '0')) return 'credit';
  if (TAX.test(item)) return 'tax';
  if (BATCH.test(item)) return 'batch';
  return CACHED.test(item) ? 'cached' : 'usage';
}
