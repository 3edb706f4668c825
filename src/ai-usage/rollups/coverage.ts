import type { Knex } from 'knex';
import { type Instant, instantFromPostgres, MINUTE } from '../../units/time.ts';

/** Transactions that began this long ago may still commit: what is younger is asked of the source every time. */
export const LATE_COMMITS = 15n * MINUTE;

/** What the rollups hold. Instants; null: not yet. */
export type Coverage = {
  version: string;
  /** Another one whenever the rollups are begun again, perhaps from another source. */
  build: string;
  /** The version of the last write that changed an hour or a day. */
  contentVersion: string;
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
  build: '',
  contentVersion: '0',
  timeZone: null,
  coveredUntil: null,
  auditBeganAt: null,
  auditPosition: null,
  auditedUntil: null,
};

type StateRow = {
  version: string;
  build: string;
  content_version: string;
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
    build: row.build,
    contentVersion: row.content_version,
    timeZone: row.time_zone,
    coveredUntil: instant(row.covered_until),
    auditBeganAt: instant(row.audit_began_at),
    auditPosition: instant(row.audit_position),
    auditedUntil: instant(row.audited_until),
  };
}
