import type { Knex } from 'knex';
import { BEGIN_OF_TIME, type Instant, instantFromPostgres, latest, MINUTE } from '../../units/time.ts';
import { wholeHoursSince } from './segments.ts';

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
  /** Days that begin at or after this instant are in the rollups; null: all that are covered to their end. */
  daysFrom: Instant | null;
  /** Every hour before this one is in the rollups. */
  coveredUntil: Instant | null;
  auditBeganAt: Instant | null;
  auditPosition: Instant | null;
  /** Every change committed to the source before this instant is in the rollups. */
  auditedUntil: Instant | null;
  /** When it was known: the last full audit ended then. */
  auditEndedAt: Instant | null;
};

const NOTHING_COVERED: Coverage = {
  version: '0',
  build: '',
  contentVersion: '0',
  timeZone: null,
  daysFrom: null,
  coveredUntil: null,
  auditBeganAt: null,
  auditPosition: null,
  auditedUntil: null,
  auditEndedAt: null,
};

type StateRow = {
  version: string;
  build: string;
  content_version: string;
  time_zone: string | null;
  days_from: string | null;
  covered_until: string | null;
  audit_began_at: string | null;
  audit_position: string | null;
  audited_until: string | null;
  audit_ended_at: string | null;
};

const instant = (text: string | null) => (text === null ? null : instantFromPostgres(text));

/** What the rollups cover now, of one moment; nothing where they have not been begun. */
export async function readCoverage(backoffice: Knex): Promise<Coverage> {
  const row = await backoffice('rollup_state').first<StateRow | undefined>();
  if (!row) return NOTHING_COVERED;
  return {
    version: row.version,
    build: row.build,
    contentVersion: row.content_version,
    timeZone: row.time_zone,
    daysFrom: instant(row.days_from),
    coveredUntil: instant(row.covered_until),
    auditBeganAt: instant(row.audit_began_at),
    auditPosition: instant(row.audit_position),
    auditedUntil: instant(row.audited_until),
    auditEndedAt: instant(row.audit_ended_at),
  };
}

/** Days of a zone that begin at or after an instant. */
export type KeptDays = { timeZone: string; from: Instant };

/** The days that the rollups hold, null for none: those before the days of the zone were made of whole UTC hours are read raw. */
export function keptDays({ timeZone, daysFrom }: Coverage): KeptDays | null {
  const since = timeZone === null ? null : wholeHoursSince(timeZone);
  if (timeZone === null || since === null) return null;
  return { timeZone, from: latest(since, daysFrom ?? BEGIN_OF_TIME) };
}

/** What has been read of the rollups is of several states of them: to be read again. */
export class RollupsChanged extends Error {
  override name = 'RollupsChanged';
}

/**
 * Whether what has been read of the rollups since `contentVersion` was theirs is of that content.
 * @throws RollupsChanged
 */
export async function requireContent(backoffice: Knex, contentVersion: string | null): Promise<void> {
  const coverage = await readCoverage(backoffice);
  if (coverage.contentVersion !== contentVersion)
    throw new RollupsChanged('the rollups have changed while they were read');
}
