import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { timeFromPostgres } from '../../units/time.ts';

/** A line as it is chained: all of it. */
export type ChainedLine = {
  audit_id: string;
  happened_at: string;
  sub: string;
  email: string;
  action: string;
  subject: string;
  details: string;
  rows: string | null;
};
export const LINE_COLUMNS = [
  'audit_id',
  'happened_at',
  'sub',
  'email',
  'action',
  'subject',
  'details',
  'rows',
] as const;

/** The ends of the chain; its row is locked by whoever adds to it or takes from it. */
export type ChainEnds = {
  forgotten: string;
  before_hash: string;
  last_place: string;
  last_hash: string;
  newest_line: string;
};

/**
 * A line that stands before the newest chained one and was written about when that was: its transaction took that long. Both times are of
 * the lines: however long nothing is chained, and wherever clocks are set to meanwhile, a line that was late stays so.
 */
export const IS_LATE = `happened_at > (SELECT least(now(), max(happened_at)) FROM audit_log WHERE audit_id = ?) - interval '10 minutes'`;
const A_BATCH = 2000;

/** SHA-256 of the hash before and a text of the line that no other line has. */
export function chainedHash(before: string, line: ChainedLine): string {
  const { audit_id, happened_at, sub, email, action, subject, details, rows } = line;
  const at = String(timeFromPostgres(happened_at));
  return createHash('sha256')
    .update(JSON.stringify([before, audit_id, at, sub, email, action, subject, details, rows]))
    .digest('hex');
}

export const lockEnds = async (transaction: Knex): Promise<ChainEnds> =>
  transaction('audit_chain_ends').forUpdate().first<ChainEnds>();

/**
 * Chains the lines of the audit log that are not yet, those first that were written first. A line that turns up among older ones
 * later than a transaction can take is left out, and `verifyChain` names it. Any number of processes may do it at once; killed, none
 * has done half. Resolves with how many lines it chained.
 */
export async function chainAuditLog(backoffice: Knex, goesOn: () => boolean = () => true): Promise<number> {
  let chained = 0;
  while (goesOn()) {
    const count = await backoffice.transaction(chainBatch);
    chained += count;
    if (count < A_BATCH) break;
  }
  return chained;
}

async function chainBatch(transaction: Knex): Promise<number> {
  const ends = await lockEnds(transaction);
  // In a statement of its own, which sees what others chained while this one waited.
  const lines: ChainedLine[] = await transaction('audit_log AS line')
    .whereRaw(`(audit_id > ? OR ${IS_LATE})`, [ends.newest_line, ends.newest_line])
    .whereRaw('NOT EXISTS (SELECT FROM audit_chain AS link WHERE link.audit_id = line.audit_id)')
    .orderBy('audit_id')
    .limit(A_BATCH)
    .select(...LINE_COLUMNS);
  if (lines.length === 0) return 0;
  let { last_hash: hash } = ends;
  const links = lines.map((line, i) => {
    hash = chainedHash(hash, line);
    return { place: String(BigInt(ends.last_place) + BigInt(i + 1)), audit_id: line.audit_id, hash };
  });
  await transaction.batchInsert('audit_chain', links, 500);
  const newest = lines.at(-1)?.audit_id ?? '0';
  await transaction('audit_chain_ends').update({
    last_place: links.at(-1)?.place ?? ends.last_place,
    last_hash: hash,
    newest_line: BigInt(newest) > BigInt(ends.newest_line) ? newest : ends.newest_line,
  });
  return lines.length;
}
