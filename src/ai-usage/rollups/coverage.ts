import type { Knex } from 'knex';
import { type Instant, instantFromPostgres } from '../../units/time.ts';

/** What the rollups hold. Instants; null: not yet. */
export type Coverage = {
  version: string;
  /** The business time zone that the days were cut in; days of another zone are not used. */
  timeZone: string | null;
  /** Every hour before this one is in the rollups. */
  coveredUntil: Instant | null;
  auditBeganAt: Instant | null;
  auditPosition: Instant | null;
  /** Every change committed to the source before this instant is in the rollups. */
  auditedUntil: Instant | null;
};

export const NOTHING_COVERED: Coverage = {
  version: '0',
  timeZone: null,
  coveredUntil: null,
  auditBeganAt: null,
  auditPosition: null,
  auditedUntil: null,
};

type StateRow = {
  version: string;
  time_zone: string | null;
  covered_until: string | null;
  audit_began_at: string | null;
  audit_position: string | null;
  audited_until: string | null;
};

const instant = (text: string | null) => (text === null ? null : instantFromPostgres(text));

export async function readCoverage(backoffice: Knex): Promise<Coverage> {
  const row = await backoffice('rollup_state').first<StateRow | undefined>();
  if (!row) return NOTHING_COVERED;
  return {
    version: row.version,
    timeZone: row.time_zone,
    coveredUntil: instant(row.covered_until),
    auditBeganAt: instant(row.audit_began_at),
    auditPosition: instant(row.audit_position),
    auditedUntil: instant(row.audited_until),
  };
}
