import { compareDays, type Day } from '../units/calendar.ts';
import type { Price } from './store.ts';

/** The name of a model without the date of its version: `gpt-5-2025-08-07` is gpt-5. */
const withoutDate = (model: string): string => model.replace(/[-@]\d{4}-?\d\d-?\d\d$/, '');

/** Whether a name is one that a pattern means, in which `*` stands for any text. Takes time in proportion to both. */
function fitsPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return pattern === name;
  const last = parts.at(-1) ?? '';
  const end = name.length - last.length;
  if (!name.startsWith(first) || !name.endsWith(last) || first.length > end) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

const literal = (pattern: string) => pattern.replaceAll('*', '').length;

/** Prices that could be those of a model, the nearest first: of its name, of its name without a date, of the longest pattern. */
function ofModel<One extends Pick<Price, 'model'>>(prices: readonly One[], model: string): One[] {
  const base = withoutDate(model);
  const named = prices.filter((price) => price.model === model);
  const ofBase = base === model ? [] : prices.filter((price) => price.model === base);
  const patterned = prices
    .filter((price) => price.model.includes('*') && (fitsPattern(price.model, model) || fitsPattern(price.model, base)))
    .sort((a, b) => literal(b.model) - literal(a.model));
  return [...named, ...ofBase, ...patterned];
}

/** Asks whether calls of a model for an action have a price on a day, many times. */
export function pricedBy(prices: readonly Price[]): (call: { model: string; action: string; day: Day }) => boolean {
  const ofModels = new Map<string, Price[]>();
  return ({ model, action, day }) => {
    const known = ofModels.get(model) ?? ofModel(prices, model);
    ofModels.set(model, known);
    return known.some(
      (price) => (price.action === null || price.action === action) && compareDays(price.from, day) <= 0,
    );
  };
}
