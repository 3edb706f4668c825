import type { Knex } from 'knex';
import { compareDays, type Day, dayFromPostgres } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { inForce, type OfCalls } from './in-force.ts';
import {
  type Exchange,
  inEuros,
  NO_EXCHANGE,
  perEuro,
  type Rates,
  type RowPrice,
  rowPrice,
  type Tier,
  type TokenRate,
  tokenRate,
} from './row-price.ts';

/** A price as somebody entered it, that has not been withdrawn; `id` tells it from others. */
export type PriceOfCalls = Rates & OfCalls & { id: string; currency: string; cachedInputPerMillion: string | null };

/** How many dollars a euro was on some days, oldest first. */
type ExchangeRates = { day: Day; perEuro: string }[];

/** What calls of a model and action cost on a day, or why nobody can tell. `key` tells prices apart. */
type PriceOfDay = { key: string; tiers: Tier[] } | { missing: 'price' } | { missing: 'exchange rate'; key: string };

/** The prices as they were at a version of them. */
export type PriceList = {
  version: string;
  isEmpty: boolean;
  /** The names that have a price of their own, patterns left out. */
  models: string[];
  priceOf: (model: string, action: string, day: Day) => PriceOfDay;
  /** What a cached token in costs, of calls of few tokens; null where no price says it. No record tells which tokens were. */
  cachedRateOf: (model: string, action: string, day: Day) => TokenRate | null;
  /** The list that there would be with other prices. */
  changed: (change: (prices: PriceOfCalls[]) => PriceOfCalls[]) => PriceList;
  /** The same prices where a dollar is as many euros on every day as the writer of the records takes it for. */
  atWritersRate: () => PriceList;
};

/** Euros a dollar, for the writer of the records: domain facts, "USD list price × 0.92". */
export const WRITERS_RATE = '0.92';

/** The prices as they are whenever somebody asks, read again where they have changed. */
export function pricesOf(backoffice: Knex): () => Promise<PriceList> {
  let known: PriceList | null = null;
  return async () => {
    known = await readPriceList(backoffice, known);
    return known;
  };
}

/** The prices as they are; `known` where they still are what it says. */
export async function readPriceList(backoffice: Knex, known: PriceList | null): Promise<PriceList> {
  const row = await backoffice('price_version').first<{ version: string } | undefined>('version');
  const version = row?.version ?? '0';
  if (known?.version === version) return known;
  const prices: (Omit<PriceOfCalls, 'from'> & { from: string })[] = await backoffice('prices')
    .whereNull('withdrawn_at')
    .select({
      ...{ id: 'id', model: 'model', action: 'action', from: 'from_day', aboveInputTokens: 'above_input_tokens' },
      ...{ currency: 'currency', inputPerMillion: 'input_per_million', outputPerMillion: 'output_per_million' },
      ...{ perImage: 'per_image', perThousandCharacters: 'per_thousand_characters' },
      cachedInputPerMillion: 'cached_input_per_million',
      tokensPerImage: 'output_tokens_per_image',
    });
  const rates: { day: string; perEuro: string }[] = await backoffice('exchange_rates')
    .where('currency', 'USD')
    .orderBy('day')
    .select({ day: 'day', perEuro: 'per_euro' });
  return priceListOf(
    version,
    prices.map((price) => ({ ...price, from: dayFromPostgres(price.from) })),
    rates.map(({ day, perEuro }) => ({ day: dayFromPostgres(day), perEuro })),
  );
}

/** Of fifty prices in dollars one for each day of a year. */
const MOST_CONVERTED = 20_000;

/** Of fifty actions and models one for each day of a year. */
const MOST_REMEMBERED = 20_000;

/** A rate of dollars and what tells it from others. */
type RateOfDay = { key: string; exchange: Exchange };

/** Prices by model, and what is needed to find the one of a call. */
function priceListOf(
  version: string,
  prices: PriceOfCalls[],
  rates: ExchangeRates,
  rateOf = (day: Day): RateOfDay | null => rateOn(rates, day),
): PriceList {
  const tiersOf = inForce(prices);
  const converted = new Map<string, RowPrice>();
  /** A price in euros, made once for each rate. */
  const priceOn = (price: PriceOfCalls, rate: RateOfDay | null): RowPrice => {
    const key = `${price.id} ${rate?.key ?? null}`;
    const known = converted.get(key);
    if (known !== undefined) return known;
    if (converted.size === MOST_CONVERTED) converted.clear();
    const made = rowPrice(price, rate?.exchange ?? NO_EXCHANGE);
    converted.set(key, made);
    return made;
  };
  const find = (model: string, action: string, day: Day): PriceOfDay => {
    const ofDay = tiersOf(model, action, day);
    if (ofDay.length === 0) return { missing: 'price' };
    const foreign = ofDay.some(({ currency }) => currency !== 'EUR');
    const rate = foreign ? rateOf(day) : null;
    const key = `${ofDay.map(({ id }) => id)} ${rate?.key ?? null}`;
    if (foreign && rate === null) return { missing: 'exchange rate', key };
    return {
      key,
      tiers: ofDay.map((price) => ({
        above: price.aboveInputTokens,
        price: priceOn(price, price.currency === 'EUR' ? null : rate),
      })),
    };
  };
  // By model, action and day: to put the three together for each of thousands of cells takes longer than to find them.
  const remembered = new Map<string, Map<string, Map<Day, PriceOfDay>>>();
  let rememberedPrices = 0;
  const daysOf = (model: string, action: string): Map<Day, PriceOfDay> => {
    const actions = remembered.get(model) ?? new Map<string, Map<Day, PriceOfDay>>();
    const days = actions.get(action) ?? new Map<Day, PriceOfDay>();
    remembered.set(model, actions.set(action, days));
    return days;
  };
  return {
    version,
    isEmpty: prices.length === 0,
    models: [...new Set(prices.map(({ model }) => model))].filter((model) => !model.includes('*')).sort(byCodePoint),
    priceOf: (model, action, day) => {
      const known = remembered.get(model)?.get(action)?.get(day);
      if (known !== undefined) return known;
      if (rememberedPrices === MOST_REMEMBERED) {
        remembered.clear();
        rememberedPrices = 0;
      }
      const found = find(model, action, day);
      daysOf(model, action).set(day, found);
      rememberedPrices += 1;
      return found;
    },
    cachedRateOf: (model, action, day) => {
      const price = tiersOf(model, action, day).at(-1);
      const exchange = price?.currency === 'EUR' ? NO_EXCHANGE : rateOf(day)?.exchange;
      const rate = price?.cachedInputPerMillion ?? null;
      return rate === null || exchange === undefined ? null : tokenRate(rate, exchange);
    },
    changed: (change) => priceListOf(`${version}, changed`, change(prices), rates, rateOf),
    atWritersRate: () => {
      const exchange = inEuros(WRITERS_RATE);
      return priceListOf(`${version}, at ${WRITERS_RATE}`, prices, rates, () => ({
        key: `${WRITERS_RATE} euros`,
        exchange,
      }));
    },
  };
}

/** The rate of a day; a day without one (a weekend, a holiday) takes that of the day before. Null before the first. */
function rateOn(rates: ExchangeRates, day: Day): RateOfDay | null {
  let low = 0;
  let high = rates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareDays((rates[middle] as { day: Day }).day, day) <= 0) low = middle + 1;
    else high = middle;
  }
  const rate = rates[low - 1]?.perEuro;
  return rate === undefined ? null : { key: rate, exchange: perEuro(rate) };
}
