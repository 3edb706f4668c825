import type { Day } from '../../units/calendar.ts';
import { addDays } from '../../units/time.ts';
import { listPrices } from '../prices.ts';

/** What the calls of a model came to on a day of UTC. */
export type DayOfModel = { day: Day; model: string; images: number; input: number; output: number };

type Line = {
  firstDay: Day;
  lastDay: Day;
  item: string;
  kind: 'usage' | 'cached' | 'batch' | 'tax' | 'credit';
  quantity: number | null;
  amount: string;
};

/** The writer has this one wrong: it became cheaper. */
const CHEAPER = { model: 'gpt-5-mini', dollarsPer1kOut: 0.0018 };
/** What the writer records at nothing costs by the image. */
const DOLLARS_AN_IMAGE = 0.06;

/** Rows of the table of prices, in dollars: as the writer has them, but for one that it has wrong and `unknown`, which it does not know. */
export function priceRows(unknown: string): Record<string, string | number>[] {
  const rows = listPrices().map(([model, price]): Record<string, string | number> => {
    if (price.per === 'image') return { model, per_image: price.dollars, output_tokens_per_image: price.outputTokens };
    if (price.per === 'character') return { model, per_thousand_characters: price.dollarsPer1k };
    const { dollarsPer1kIn, dollarsPer1kOut } = model === CHEAPER.model ? { ...price, ...CHEAPER } : price;
    return {
      ...{ model, input_per_million: perMillion(dollarsPer1kIn), output_per_million: perMillion(dollarsPer1kOut) },
      cached_input_per_million: perMillion(dollarsPer1kIn / 10),
    };
  });
  return [...rows, { model: unknown, per_image: DOLLARS_AN_IMAGE }];
}

const perMillion = (dollarsPer1k: number) => (dollarsPer1k * 1_000).toFixed(4);

/** Of the tokens in, what a provider had read before, at a tenth; of the tokens out of one model, what went in batches, at half. */
const CACHED_SHARE = 0.3;
const BATCHED = { model: 'gpt-5-mini', share: 0.4 };
/** A model that somebody tried beside the workflows, on these days of the month. */
const TRIED = { model: 'gpt-5-nano', days: [4, 5, 11], dollars: 1.37 };
/** Speech of these days of the month was not billed. */
const FORGOTTEN = { prefix: 'tts-', days: ['16', '17', '18'] };
const CREDIT = -5;
const TAX_SHARE = 0.23;

/** The bill of a month: what calls cost, with discounts, some that nobody has recorded, a credit and tax. */
export function billedLines(days: readonly DayOfModel[], month: { firstDay: Day; lastDay: Day }): Line[] {
  const prices = new Map(listPrices());
  const lines: Line[] = [];
  const add = (day: Day, item: string, kind: Line['kind'], dollars: number, quantity: number | null = null) => {
    if (dollars !== 0) lines.push({ firstDay: day, lastDay: day, item, kind, quantity, amount: dollars.toFixed(6) });
  };
  for (const { day, model, images, input, output } of days) {
    const price = prices.get(model);
    if (price === undefined || (model.startsWith(FORGOTTEN.prefix) && FORGOTTEN.days.includes(day.slice(-2)))) continue;
    if (price.per === 'image') add(day, `${model}, image`, 'usage', images * price.dollars, images);
    else if (price.per === 'character') add(day, `${model}, characters`, 'usage', (input * price.dollarsPer1k) / 1_000);
    else {
      const perIn = price.dollarsPer1kIn / 1_000;
      const perOut = (model === CHEAPER.model ? CHEAPER.dollarsPer1kOut : price.dollarsPer1kOut) / 1_000;
      const cached = Math.round(input * CACHED_SHARE);
      const batched = model === BATCHED.model ? Math.round(output * BATCHED.share) : 0;
      add(day, `${model}, input`, 'usage', (input - cached) * perIn, input - cached);
      add(day, `${model}, cached input`, 'cached', (cached * perIn) / 10, cached);
      add(day, `${model}, output`, 'usage', (output - batched) * perOut, output - batched);
      add(day, `${model}, output, batch`, 'batch', (batched * perOut) / 2, batched);
    }
  }
  for (const day of TRIED.days) add(addDays(month.firstDay, day), `${TRIED.model}, input`, 'usage', TRIED.dollars);
  const net = lines.reduce((sum, { amount }) => sum + Number(amount), 0);
  add(month.lastDay, 'Promotional credit', 'credit', CREDIT);
  lines.push({ ...month, item: 'VAT', kind: 'tax', quantity: null, amount: (net * TAX_SHARE).toFixed(6) });
  return lines;
}

/** How many tokens out an image is, of each model that is paid for by the image. */
export const tokensOfImages = (): [string, number][] =>
  listPrices().flatMap(([model, price]) => (price.per === 'image' ? [[model, price.outputTokens]] : []));
