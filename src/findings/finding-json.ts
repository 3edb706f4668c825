import { eurosNumber } from '../units/money.ts';
import { isoFromInstant } from '../units/time.ts';
import type { Kind } from './finding.ts';
import type { ExplainedFinding } from './read-findings.ts';

const orNull = (euros: ExplainedFinding['euros']) => (euros === null ? null : eurosNumber(euros));

/** A finding as programs read it: docs/openapi.yaml. */
export function findingJson(finding: ExplainedFinding) {
  const { id, kind, subject, sentence, count, euros, since, trend, records, isExplained, explanation } = finding;
  return {
    ...{ id, kind: kind.name, subject, sentence, count, counts: kind.counts, euros: orNull(euros), since, records },
    isExplained,
    explanation: explanation && {
      ...{ text: explanation.text, by: explanation.by, at: isoFromInstant(explanation.at) },
    },
    trend: {
      ...{ per: trend.per, label: trend.label },
      parts: trend.parts.map((part) => ({ from: part.first, count: part.count, euros: orNull(part.euros) })),
    },
  };
}

/** A kind as programs read it; `problem` where it could not be found now. */
export const kindJson = ({ name, title, rule, euros, counts }: Kind, notes: string[], problem: string | null) => ({
  ...{ name, title, rule, euros, counts, notes, problem },
});
