import { WRITERS_RATE } from '../../stats/pricing/price-list.ts';
import type { Format } from '../../units/format.ts';
import type { Ladder, RungName, Untold } from './ladder.ts';

export const RUNG_LABELS: Record<RungName, string> = {
  recorded: 'Recorded',
  monthEdges: 'Edges of the month',
  priceList: 'Price list',
  exchangeRate: 'Exchange rate',
  discounts: 'Cached and batch discounts',
  billedNotRecorded: 'Billed, not recorded',
  recordedNotBilled: 'Recorded, not billed',
  taxesAndCredits: 'Taxes and credits',
  rest: 'The rest, not explained',
};

const calls = (count: number, format: Format) => `${format.integer(count)} ${count === 1 ? 'call' : 'calls'}`;
const lines = (count: number, format: Format) => `${format.integer(count)} ${count === 1 ? 'line' : 'lines'}`;

const MOST_NAMED = 5;
const named = (models: readonly string[]) =>
  `${models.slice(0, MOST_NAMED).join(', ')}${models.length > MOST_NAMED ? ' and others' : ''}`;

/** What each rung is. */
const SENTENCES: Record<RungName, (timeZone: string) => string> = {
  recorded: (timeZone) => `What the writer estimated of the calls of the month, of days of ${timeZone}.`,
  monthEdges: (timeZone) =>
    `The provider’s month is of days of UTC: recorded of the hours that are in its month and not in ours (${timeZone}), less the other way around.`,
  priceList: () =>
    `The price list at the writer’s ${WRITERS_RATE} euros a dollar, less what was recorded: prices that the writer had wrong or not at all.`,
  exchangeRate: () => `The price list at the exchange rates of the days, less the same at ${WRITERS_RATE}.`,
  discounts: () => 'Lines of cached input and of batches, less what their tokens cost by the price list.',
  billedNotRecorded: () => 'Lines of a model of which there was no call on their days.',
  recordedNotBilled: () =>
    'Calls of days and models that no line of the bill is of, by the price list where it has a price.',
  taxesAndCredits: () => 'Lines that are taxes or credits.',
  rest: () =>
    'What is left of lines and calls of the same models and days, and lines of no model and of kind Other: a different price, tokens that were not recorded, calls that failed. The data does not tell.',
};

/** What of a rung cannot be told, and why; empty where all of it can. */
function untoldOf(name: RungName, ladder: Ladder, format: Format): string {
  const said = (one: Untold, what: string, count: typeof calls) =>
    one.count === 0 ? '' : ` Not told of ${count(one.count, format)} (${format.euros(one.amount)}): ${what}.`;
  const { unpriced, withoutRate, withoutDiscount, withoutModel } = ladder;
  if (name === 'priceList')
    return said(unpriced, `no price, so they stay as recorded: ${named(unpriced.models)}`, calls);
  if (name === 'exchangeRate')
    return said(withoutRate, `no exchange rate of their day, so they stay at ${WRITERS_RATE}`, calls);
  if (name === 'discounts')
    return said(withoutDiscount, 'no tokens, or no price of them by tokens, so they are in the rest', lines);
  if (name === 'billedNotRecorded' || name === 'recordedNotBilled')
    return said(
      withoutModel,
      'no model that we know, so whether their days were billed or recorded is in the rest',
      lines,
    );
  return '';
}

/** A rung in words. */
export const rungInWords = (name: RungName, ladder: Ladder, format: Format): string =>
  SENTENCES[name](format.timeZone) + untoldOf(name, ladder, format);
