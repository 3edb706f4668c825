import type { Format } from '../units/format.ts';
import type { Instant } from '../units/time.ts';
import type { Answer } from './reader.ts';

/** How current and how checked the numbers are, as sentences. */
export type Freshness = { asOf: Instant; asOfText: string; audit: string };

/** "As of 11:04:12", and until when changes to older records are certain to be in. */
export function freshness({ query, coverage, built }: Answer<unknown>, format: Format): Freshness {
  const { auditedUntil } = coverage;
  let audit =
    auditedUntil === null
      ? 'the first audit of older records is under way'
      : `audited until ${format.minute(auditedUntil)}`;
  if (built !== null) audit = `rollups are building, ${format.percent(built)}, read live meanwhile`;
  return { asOf: query.asOf, asOfText: format.instant(query.asOf), audit };
}
