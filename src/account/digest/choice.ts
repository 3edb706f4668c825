import type { Knex } from 'knex';
import { type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import type { Instant } from '../../units/time.ts';
import { type Digest, periodToTell } from './period.ts';

/** Who has chosen to be told how often; `until` is the day behind the last period that they were told. */
export type Subscriber = { channelId: string; email: string; digest: Digest; until: Day };

/** What somebody has chosen; null for nothing. */
export async function readChoice(backoffice: Knex, sub: string): Promise<Digest | null> {
  return (await readOwn(backoffice, sub))?.digest ?? null;
}

const readOwn = (backoffice: Knex, sub: string): Promise<{ digest: Digest | null; owner: string } | undefined> =>
  backoffice('channels').where('person', sub).first('digest', 'owner');

/**
 * Keeps a choice in the person's own channel. The next period is the first that is told; a choice that is the same changes nothing,
 * not even that. Whether it was another.
 */
export async function saveChoice(
  transaction: Knex,
  { sub, email }: { sub: string; email: string },
  digest: Digest | null,
  at: Instant,
  timeZone: string,
): Promise<boolean> {
  const before = await readOwn(transaction, sub);
  if ((before?.digest ?? null) === digest && (before?.owner ?? email) === email) return false;
  const until = digest === null ? null : postgresFromDay(periodToTell(digest, at, timeZone).next);
  const own = { name: `Digest of ${email}`, type: 'email', recipients: [email], owner: email };
  await transaction('channels')
    .insert({ ...own, person: sub, digest, digest_until: until })
    .onConflict('person')
    .merge();
  return true;
}

/** So many are read and told at once. */
const SUBSCRIBERS_AT_ONCE = 500;

/** Those behind one (null: the first), in the order of their channels; none where there are no more. */
export async function readSubscribers(backoffice: Knex, after: string | null): Promise<Subscriber[]> {
  const rows: { channel_id: string; owner: string; digest: Digest; digest_until: string }[] = await backoffice(
    'channels',
  )
    .whereNotNull('digest')
    .modify((query) => {
      if (after !== null) query.where('channel_id', '>', after);
    })
    .orderBy('channel_id')
    .limit(SUBSCRIBERS_AT_ONCE)
    .select('channel_id', 'owner', 'digest', 'digest_until');
  return rows.map(({ channel_id, owner, digest, digest_until }) => ({
    ...{ channelId: channel_id, email: owner, digest, until: dayFromPostgres(digest_until) },
  }));
}

/** Marks those that have not been told a period, for nobody else to tell; returns their channels. */
export async function markTold(transaction: Knex, channelIds: string[], until: Day): Promise<string[]> {
  const day = postgresFromDay(until);
  const mine: string[] = await transaction('channels')
    .whereIn('channel_id', channelIds)
    .where('digest_until', '<', day)
    // Several at it wait for each other, in one order.
    .orderBy('channel_id')
    .forUpdate()
    .pluck('channel_id');
  await transaction('channels').whereIn('channel_id', mine).update({ digest_until: day });
  return mine;
}
