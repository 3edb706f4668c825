import { eurosNumber } from '../units/money.ts';
import { isoFromInstant } from '../units/time.ts';
import type { Proposal } from './proposals/store.ts';
import { type Price, type PriceTerms, RATES } from './store.ts';

/** Rates are numbers, which hold their fifteen digits exactly. */
function termsJson(terms: PriceTerms) {
  const { model, action, from, aboveInputTokens, currency, outputTokensPerImage, source } = terms;
  return {
    ...{ model, action, from, aboveInputTokens, currency },
    ...Object.fromEntries(RATES.map(({ name }) => [name, terms[name] === null ? null : Number(terms[name])])),
    ...{ outputTokensPerImage, source },
  };
}

/** A price as programs read it (docs/openapi.yaml). */
export function priceJson(price: Price) {
  const { id, createdAt, createdBy, withdrawn } = price;
  return {
    ...{ id, ...termsJson(price), createdAt: isoFromInstant(createdAt), createdBy },
    ...{ withdrawnAt: withdrawn && isoFromInstant(withdrawn.at), withdrawnBy: withdrawn?.by ?? null },
  };
}

/** A proposal, with what it would have changed last month, where that is known, and who dismissed it. */
export function proposalJson({ id, terms, ofList, proposedAt, proposedBy, effect, answer }: Proposal) {
  return {
    ...{ id, ...termsJson(terms), ofList, proposedAt: isoFromInstant(proposedAt), proposedBy },
    ...{ dismissedAt: answer && isoFromInstant(answer.at), dismissedBy: answer?.by ?? null },
    effect: effect && {
      ...{
        month: effect.month.slice(0, 7),
        asOf: isoFromInstant(effect.at),
        difference: eurosNumber(effect.difference),
      },
      ...{ newlyPriced: effect.newlyPriced, withoutRate: effect.withoutRate },
    },
  };
}
