import type { Knex } from 'knex';
import { compareDays, type Day, dayFromPostgres } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { type Rates, type RowPrice, rowPrice, type Tier } from './row-price.ts';

/** A price as somebody entered it, that has not been withdrawn: of a model (a name, or with `*` for any text) from a business day on. */
type Price = Rates & {
  id: string;
  model: string;
  /** Null for all. */
  action: string | null;
  fromDay: Day;
  /** For calls of more input tokens than that. */
  aboveInputTokens: number;
  currency: string;
};

/** How many dollars a euro was on some days, oldest first. */
type ExchangeRates = { day: Day; perEuro: string }[];

/** What calls of a model and action cost on a day, or why nobody can tell. `key` tells prices apart. */
type PriceOfDay = { key: string; tiers: Tier[] } | { missing: 'price' | 'exchange rate' };

/** The prices as they were at a version of them. */
export type PriceList = {
  version: string;
  isEmpty: boolean;
  priceOf: (model: string, action: string, day: Day) => PriceOfDay;
};

/** The prices as they are; `known` where they still are what it says. */
export async function readPriceList(backoffice: Knex, known: PriceList | null): Promise<PriceList> {
  const row = await backoffice('price_version').first<{ version: string } | undefined>('version');
  const version = row?.version ?? '0';
  if (known?.version === version) return known;
  const prices: (Omit<Price, 'fromDay'> & { fromDay: string })[] = await backoffice('prices')
    .whereNull('withdrawn_at')
    .select({
      ...{ id: 'id', model: 'model', action: 'action', fromDay: 'from_day', aboveInputTokens: 'above_input_tokens' },
      ...{ currency: 'currency', inputPerMillion: 'input_per_million', outputPerMillion: 'output_per_million' },
      ...{ perImage: 'per_image', perThousandCharacters: 'per_thousand_characters' },
      tokensPerImage: 'output_tokens_per_image',
    });
  const rates: { day: string; perEuro: string }[] = await backoffice('exchange_rates')
    .where('currency', 'USD')
    .orderBy('day')
    .select({ day: 'day', perEuro: 'per_euro' });
  return priceListOf(
    version,
    prices.map((price) => ({ ...price, fromDay: dayFromPostgres(price.fromDay) })),
    rates.map(({ day, perEuro }) => ({ day: dayFromPostgres(day), perEuro })),
  );
}

// gpt-5-2025-08-07, claude-sonnet-4-5-20250929, claude-sonnet-4-5@20250929.
const DATED = /^(.+)[-@](?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/** Of fifty prices in dollars one for each day of a year. */
const MOST_CONVERTED = 20_000;

/** Prices by model, and what is needed to find the one of a call. */
function priceListOf(version: string, prices: Price[], rates: ExchangeRates): PriceList {
  const byModel = groupedBy(prices, ({ model }) => model);
  const patterns = [...byModel.keys()]
    .filter((model) => model.includes('*'))
    .sort((a, b) => literalOf(b) - literalOf(a) || (a < b ? -1 : 1))
    .map((model) => ({ model, pattern: patternOf(model) }));
  const namesOf = (model: string) => [
    model,
    ...[DATED.exec(model)?.[1] ?? []].flat(),
    ...patterns.filter(({ pattern }) => pattern.test(model)).map(({ model }) => model),
  ];
  const converted = new Map<string, RowPrice>();
  /** A price in euros, made once for each rate. */
  const priceOn = (price: Price, perEuro: string | null): RowPrice => {
    const key = `${price.id} ${perEuro}`;
    const known = converted.get(key);
    if (known !== undefined) return known;
    if (converted.size === MOST_CONVERTED) converted.clear();
    const made = rowPrice(price, perEuro);
    converted.set(key, made);
    return made;
  };
  const candidates = new Map<string, Price[][]>();
  /** The prices of a model and action, the nearest first: by its own name, without a date, by the longest pattern; for the action before all. */
  const candidatesOf = (model: string, action: string): Price[][] => {
    const key = `${action}\0${model}`;
    const known = candidates.get(key);
    if (known !== undefined) return known;
    const found = namesOf(model).flatMap((name) => {
      const all = byModel.get(name) ?? [];
      return [all.filter((price) => price.action === action), all.filter((price) => price.action === null)];
    });
    const some = found.filter(({ length }) => length > 0);
    candidates.set(key, some);
    return some;
  };

  return {
    version,
    isEmpty: prices.length === 0,
    priceOf: (model, action, day) => {
      for (const some of candidatesOf(model, action)) {
        const ofDay = tiersOn(some, day);
        if (ofDay.at(-1)?.aboveInputTokens !== 0) continue;
        const foreign = ofDay.some(({ currency }) => currency !== 'EUR');
        const perEuro = foreign ? rateOn(rates, day) : null;
        if (foreign && perEuro === null) return { missing: 'exchange rate' };
        return {
          key: `${ofDay.map(({ id }) => id)} ${perEuro}`,
          tiers: ofDay.map((price) => ({
            above: price.aboveInputTokens,
            price: priceOn(price, price.currency === 'EUR' ? null : perEuro),
          })),
        };
      }
      return { missing: 'price' };
    },
  };
}

/** Of each tier the latest price, that of the most tokens first. */
function tiersOn(prices: readonly Price[], day: Day): Price[] {
  const latest = new Map<number, Price>();
  for (const price of prices) {
    if (compareDays(price.fromDay, day) > 0) continue;
    const known = latest.get(price.aboveInputTokens);
    if (known === undefined || compareDays(price.fromDay, known.fromDay) > 0) latest.set(price.aboveInputTokens, price);
  }
  return [...latest.values()].sort((a, b) => b.aboveInputTokens - a.aboveInputTokens);
}

/** The rate of a day; a day without one (a weekend, a holiday) takes that of the day before. Null before the first. */
function rateOn(rates: ExchangeRates, day: Day): string | null {
  let low = 0;
  let high = rates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareDays((rates[middle] as { day: Day }).day, day) <= 0) low = middle + 1;
    else high = middle;
  }
  return rates[low - 1]?.perEuro ?? null;
}

const literalOf = (model: string) => model.replaceAll('*', '').length;

/** A name in which each `*` is any text. Takes time in proportion to the name: what lies between two stars is looked for from the left. */
function patternOf(model: string): { test: (name: string) => boolean } {
  const [first = '', ...rest] = model.split('*');
  const last = rest.pop() ?? '';
  return {
    test: (name) => {
      if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
      let at = first.length;
      for (const part of rest) {
        const found = name.indexOf(part, at);
        if (found < 0 || found + part.length > name.length - last.length) return false;
        at = found + part.length;
      }
      return true;
    },
  };
}
