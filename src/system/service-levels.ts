import type { Format } from '../units/format.ts';
import { HOUR, type Instant, type Length, MINUTE } from '../units/time.ts';
import { shareWithin } from './response-times.ts';

/** A promise of docs/operations/service-levels.md, and whether it was kept; null where nothing says. */
export type ServiceLevel = { promise: string; kept: boolean | null; measured: string };

const PAGES_WITHIN_MS = 300;
const SHARE_OF_PAGES = 0.99;
const SHARE_OF_ALERTS = 0.99;
const EVALUATED_WITHIN = 2n * MINUTE;
const AUDITED_WITHIN = 3n * HOUR;

type Found = {
  /** Pages of the last day, by how long they took. */
  pages: Map<number, number>;
  told: { delivered: number; within: number };
  /** When the rule that waits longest was evaluated last; null without rules. */
  evaluatedUntil: Instant | null;
  /** Every change of the source before this is in the numbers; null where none is known to be. */
  auditedUntil: Instant | null;
  at: Instant;
};

/** Each promise against what was measured. */
export function serviceLevels(
  { pages, told, evaluatedUntil, auditedUntil, at }: Found,
  format: Format,
): ServiceLevel[] {
  const share = shareWithin(pages, PAGES_WITHIN_MS);
  const behind: Length | null = evaluatedUntil === null ? null : ((at - evaluatedUntil) as Length);
  return [
    {
      promise: `${format.percent(SHARE_OF_PAGES)} of pages within ${PAGES_WITHIN_MS} ms`,
      kept: share === null ? null : share >= SHARE_OF_PAGES,
      measured: share === null ? 'no page in the last 24 hours' : `${format.share(share, 1)} in the last 24 hours`,
    },
    {
      promise: 'No wrong number: a change of any age is in within three hours',
      kept: auditedUntil === null ? null : at - auditedUntil <= AUDITED_WITHIN,
      measured:
        auditedUntil === null
          ? 'the first audit is under way'
          : `everything before ${format.minute(auditedUntil)} is in`,
    },
    {
      promise: 'Alerts sent within two minutes',
      kept: told.delivered === 0 ? null : told.within / told.delivered >= SHARE_OF_ALERTS,
      measured:
        told.delivered === 0
          ? 'none in the last 7 days'
          : `${format.integer(told.within)} of ${format.integer(told.delivered)} in the last 7 days`,
    },
    {
      promise: 'Rules checked within two minutes',
      kept: behind === null ? null : behind <= EVALUATED_WITHIN,
      measured: behind === null ? 'no rules' : `the one that waits longest: ${format.duration(behind)} ago`,
    },
  ];
}
