import { isoFromInstant } from '../units/time.ts';
import { type Price, RATES } from './store.ts';

/** A price as programs read it (docs/openapi.yaml): rates as numbers, which hold their fifteen digits exactly. */
export function priceJson(price: Price) {
  const { id, model, action, from, aboveInputTokens, currency, outputTokensPerImage, source } = price;
  const { createdAt, createdBy, withdrawn } = price;
  return {
    ...{ id, model, action, from, aboveInputTokens, currency },
    ...Object.fromEntries(RATES.map(({ name }) => [name, price[name] === null ? null : Number(price[name])])),
    ...{ outputTokensPerImage, source, createdAt: isoFromInstant(createdAt), createdBy },
    ...{ withdrawnAt: withdrawn && isoFromInstant(withdrawn.at), withdrawnBy: withdrawn?.by ?? null },
  };
}
