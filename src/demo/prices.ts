import { type MicroEuros, microEuros, NO_EUROS } from '../units/money.ts';

/** What the workflow multiplies dollars by. */
const EUROS_PER_DOLLAR = 0.92;

type Price =
  | { per: 'token'; dollarsPer1kIn: number; dollarsPer1kOut: number }
  | { per: 'image'; dollars: number; outputTokens: number }
  | { per: 'character'; dollarsPer1k: number };

const PRICES: ReadonlyMap<string, Price> = new Map<string, Price>([
  ['gpt-5', { per: 'token', dollarsPer1kIn: 0.00125, dollarsPer1kOut: 0.01 }],
  ['gpt-5-mini', { per: 'token', dollarsPer1kIn: 0.00025, dollarsPer1kOut: 0.002 }],
  ['gpt-4-turbo', { per: 'token', dollarsPer1kIn: 0.01, dollarsPer1kOut: 0.03 }],
  ['gemini-2.5-pro', { per: 'token', dollarsPer1kIn: 0.00125, dollarsPer1kOut: 0.01 }],
  ['gemini-2.5-flash', { per: 'token', dollarsPer1kIn: 0.0003, dollarsPer1kOut: 0.0025 }],
  ['gemini-pro', { per: 'token', dollarsPer1kIn: 0.0005, dollarsPer1kOut: 0.0015 }],
  ['claude-opus-4-1', { per: 'token', dollarsPer1kIn: 0.015, dollarsPer1kOut: 0.075 }],
  ['claude-sonnet-4-5', { per: 'token', dollarsPer1kIn: 0.003, dollarsPer1kOut: 0.015 }],
  ['claude-haiku-4-5', { per: 'token', dollarsPer1kIn: 0.001, dollarsPer1kOut: 0.005 }],
  ['gpt-image-1', { per: 'image', dollars: 0.042, outputTokens: 1056 }],
  ['gpt-image-1-mini', { per: 'image', dollars: 0.011, outputTokens: 1056 }],
  ['dall-e-3', { per: 'image', dollars: 0.08, outputTokens: 1000 }],
  ['gemini-2.5-flash-image', { per: 'image', dollars: 0.039, outputTokens: 1290 }],
  ['imagen-4.0', { per: 'image', dollars: 0.04, outputTokens: 1290 }],
  ['tts-1', { per: 'character', dollarsPer1k: 0.015 }],
]);

/** The prices that the workflow knows, in dollars. */
export const listPrices = (): [string, Price][] => [...PRICES];

/**
 * What the workflow records for a call: list price × 0.92, images per image with their number guessed from the
 * output tokens, speech per character (its characters are its input tokens), and €0 for a model it does not know.
 */
export function recordedCost(model: string, inputTokens: number, outputTokens: number): MicroEuros {
  const price = PRICES.get(model);
  if (price === undefined) return NO_EUROS;
  return microEuros(Math.round(dollars(price, inputTokens, outputTokens) * EUROS_PER_DOLLAR * 1_000_000));
}

function dollars(price: Price, inputTokens: number, outputTokens: number): number {
  switch (price.per) {
    case 'token':
      return (inputTokens * price.dollarsPer1kIn + outputTokens * price.dollarsPer1kOut) / 1000;
    case 'image':
      return price.dollars * Math.max(1, Math.round(outputTokens / price.outputTokens));
    case 'character':
      return (inputTokens * price.dollarsPer1k) / 1000;
  }
}

/** The output tokens of one image. */
export function outputTokensOfImage(model: string): number {
  const price = PRICES.get(model);
  return price?.per === 'image' ? price.outputTokens : 1024;
}
