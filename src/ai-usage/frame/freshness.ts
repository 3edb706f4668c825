import type { UsageQuery } from '../../query/query.ts';
import { auditedText } from '../../stats/rollups/audited.ts';
import type { Answer } from '../../stats/source.ts';
import type { Format } from '../../units/format.ts';
import type { Instant } from '../../units/time.ts';

/** How current and how checked the numbers are, as sentences; `renews` where they end now, and are others a minute later. */
export type Freshness = { asOf: Instant; asOfText: string; audit: string; renews: boolean };

/** `asked`: what the person asked, where it was read as something else. "As of 11:04:12", and until when changes to older records are certain to be in. */
export function freshness(
  { query, coverage, built, isOfSource }: Answer<unknown>,
  format: Format,
  asked: Pick<UsageQuery, 'pinned' | 'window' | 'asOf'> = query,
): Freshness {
  let audit = auditedText(coverage, format) ?? 'the first audit of older records is under way';
  if (built !== null) audit = `rollups are building, ${format.percent(built)}, read live meanwhile`;
  const renews = asked.pinned === null && asked.window.to === asked.asOf;
  if (!isOfSource) audit = 'the rollups are of other records, read live meanwhile';
  return { asOf: query.asOf, asOfText: format.instant(query.asOf), audit, renews };
}
