import { type ConditionalPrice, calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import { providerOf } from '../../catalog/models.ts';
import { plainNumber } from '../../export/plain-number.ts';
import type { Day } from '../../units/calendar.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import type { PriceTerms } from '../store.ts';
import { parsePrice } from '../terms.ts';
import { OUR_PRICES } from './our-list.ts';

/** The list that package.json names, and when it was published: a test holds that both are of the same. */
export const LIST = { name: 'genai-prices', version: '0.1.8', published: '23 September 2026' };

/** The prices of a model from a day on, one for each action and tier; `from` is null where the list names no day. */
export type Listed = { from: Day | null; prices: PriceTerms[] };

/** Makers that sell their own models, as the list calls them. */
const SELLERS: Record<string, string> = {
  OpenAI: 'openai',
  Google: 'google',
  Anthropic: 'anthropic',
  'Mistral AI': 'mistral',
  DeepSeek: 'deepseek',
  xAI: 'x-ai',
  Cohere: 'cohere',
  Perplexity: 'perplexity',
};

/** Tokens of another price than text, for actions whose calls put out such. */
const OTHER_OUTPUT = [
  { key: 'output_image_mtok', actions: ['image_generation', 'image_edit'] },
  { key: 'output_audio_mtok', actions: ['audio_generation'] },
];

/** Any day: the terms are taken to be of the day on which they are proposed. */
const ANY_DAY = '2000-01-01';

/** What a key of the list costs for calls of more than so many input tokens: the number as it prints, which is the list's own decimal. */
function rateOf(prices: ModelPrice, key: string, above: number): string | null {
  const rate = prices[key];
  if (rate === undefined) return null;
  if (typeof rate === 'number') return plainNumber(rate);
  const tier = rate.tiers.filter(({ start }) => start <= above).sort((a, b) => b.start - a.start)[0];
  return plainNumber(tier?.price ?? rate.base);
}

function tiersOf(prices: ModelPrice): number[] {
  const keys = ['input_mtok', 'cache_read_mtok', 'output_mtok', ...OTHER_OUTPUT.map(({ key }) => key)];
  const starts = keys.flatMap((key) => {
    const rate = prices[key];
    return typeof rate === 'object' ? rate.tiers.map(({ start }) => start) : [];
  });
  return [...new Set([0, ...starts])].sort((a, b) => a - b);
}

/** What our price list can say of an entry; none where it is not paid for by tokens. */
function termsOf(model: string, actions: readonly string[], prices: ModelPrice, source: string): PriceTerms[] {
  const outputs = [
    { action: null, key: 'output_mtok' },
    ...OTHER_OUTPUT.flatMap(({ key, actions: those }) =>
      those.filter((action) => actions.includes(action)).map((action) => ({ action, key })),
    ),
  ];
  return tiersOf(prices).flatMap((above) => {
    const inputPerMillion = rateOf(prices, 'input_mtok', above);
    if (inputPerMillion === null) return [];
    const cachedInputPerMillion = rateOf(prices, 'cache_read_mtok', above);
    return outputs.flatMap(({ action, key }) => {
      const outputPerMillion = rateOf(prices, key, above);
      if (outputPerMillion === null) return [];
      const rates = { inputPerMillion, cachedInputPerMillion, outputPerMillion };
      return parsePrice({ model, action, from: ANY_DAY, aboveInputTokens: above, currency: 'USD', ...rates, source });
    });
  });
}

function ours(model: string): Listed[] {
  const found = OUR_PRICES.find(({ models }) => models.includes(model));
  if (found === undefined) return [];
  const { models: _, ...rates } = found;
  return [{ from: null, prices: [parsePrice({ model, from: ANY_DAY, currency: 'USD', ...rates })] }];
}

/**
 * What the lists say that a model costs, the oldest prices first; of its actions only those for which the output costs something else.
 * Empty where they do not know it, or say it in words that our prices do not have (by the second, by the time of day).
 */
export function listedPrices(model: string, actions: readonly string[]): Listed[] {
  const providerId = SELLERS[providerOf(model)];
  const known = providerId === undefined ? null : calcPrice({ input_tokens: 1 }, model, { providerId });
  if (known === null) return ours(model);
  const { prices } = known.model;
  const entries: ConditionalPrice[] = Array.isArray(prices) ? prices : [{ prices }];
  if (entries.some(({ constraint }) => constraint?.type === 'time_of_date')) return [];
  const [url = ''] = known.provider.pricing_urls ?? [];
  const source = `${LIST.name} ${LIST.version} of ${LIST.published}, for ${known.model.id}: ${url}`;
  try {
    return entries
      .map(({ constraint, prices }) => ({
        from: constraint?.type === 'start_date' ? (constraint.start_date as Day) : null,
        prices: termsOf(model, actions, prices, source),
      }))
      .filter(({ prices }) => prices.length > 0)
      .sort((a, b) => (a.from ?? '').localeCompare(b.from ?? ''));
  } catch (error) {
    // A rate of more digits than ours have.
    if (error instanceof BadInput) return [];
    throw error;
  }
}
