import { isEqualTerms } from '../store.ts';
import type { Proposal, Proposed } from './store.ts';

/** How many are new, how many were taken back, and how many were there already, answered or not. */
export type ProposedCount = { added: number; takenBack: number; same: number };

/** What there may be one proposal of. */
export const keyOf = ({ terms: { model, action, aboveInputTokens }, listedFrom }: Proposed) =>
  JSON.stringify([model, action, aboveInputTokens, listedFrom]);

/** What of proposals is new, and which ones those of the same prices, with other figures, take the place of. */
export function newAmong(wanted: readonly Proposed[], known: readonly Proposal[]) {
  const byKey = new Map(known.map((proposal) => [keyOf(proposal), proposal]));
  const added = wanted.filter((one) => {
    const same = byKey.get(keyOf(one));
    return same === undefined || !isEqualTerms(same.terms, one.terms);
  });
  return { added, replaced: added.flatMap((one) => byKey.get(keyOf(one))?.id ?? []) };
}
