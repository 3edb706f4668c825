import type { Knex } from 'knex';
import { lockEnds } from './chain.ts';

const MOST_AT_ONCE = 10_000;

type Link = { place: string; audit_id: string; hash: string };

/**
 * Deletes the oldest lines of the chain, as long as they are older than so many days by the clock that stamped them, at most ten
 * thousand at a time; what the next one is chained to is kept, so that the rest can be verified. Resolves with how many.
 */
export function forgetAuditLog(backoffice: Knex, days: number): Promise<number> {
  return backoffice.transaction(async (transaction) => {
    const ends = await lockEnds(transaction);
    // Up to the first that is young enough, or is not there: what was removed otherwise is not covered up.
    const { rows: links } = await transaction.raw<{ rows: Link[] }>(
      `WITH oldest AS (
         SELECT link.*, coalesce(line.happened_at < now() - make_interval(hours => 24 * ?), false) AS is_old
           FROM audit_chain AS link LEFT JOIN audit_log AS line USING (audit_id)
          ORDER BY place LIMIT ${MOST_AT_ONCE}
       )
       SELECT place, audit_id, hash FROM oldest
        WHERE place < coalesce((SELECT min(place) FROM oldest WHERE NOT is_old), 9223372036854775807)
        ORDER BY place`,
      [days],
    );
    const last = links.at(-1);
    if (last === undefined) return 0;
    await transaction.raw(`SET LOCAL mythoria.forgets_old_lines = 'on'`);
    await transaction('audit_log')
      .whereRaw('audit_id = ANY(?::bigint[])', [links.map(({ audit_id }) => audit_id)])
      .delete();
    await transaction('audit_chain').where('place', '<=', last.place).delete();
    const forgotten = String(BigInt(ends.forgotten) + BigInt(links.length));
    await transaction('audit_chain_ends').update({ forgotten, before_hash: last.hash });
    return links.length;
  });
}
