import type { Knex } from 'knex';
import { type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import type { Instant } from '../../units/time.ts';
import { type Digest, periodToTell } from './period.ts';

/** Who has chosen to be told how often; `until` is the day behind the last period that they were told. */
export type Subscriber = { channelId: string; email: string; digest: Digest; until: Day };

/** What somebody has chosen; null for nothing. */
export async function readChoice(backoffice: Knex, sub: string): Promise<Digest | null> {
  const row = await backoffice('channels').where('person', sub).first('digest');
  return row?.digest ?? null;
}

/** Keeps a choice in the person's own channel. The next period is the first that is told. */
export async function saveChoice(
  transaction: Knex,
  { sub, email }: { sub: string; email: string },
  digest: Digest | null,
  at: Instant,
  timeZone: string,
): Promise<void> {
  const until = digest === null ? null : postgresFromDay(periodToTell(digest, at, timeZone).next);
  const own = { name: `Digest of ${email}`, type: 'email', recipients: [email], owner: email };
  await transaction('channels')
    .insert({ ...own, person: sub, digest, digest_until: until })
    .onConflict('person')
    .merge();
}

const MOST_SUBSCRIBERS = 1_000;

export async function readSubscribers(backoffice: Knex): Promise<Subscriber[]> {
  const rows: { channel_id: string; owner: string; digest: Digest; digest_until: string }[] = await backoffice(
    'channels',
  )
    .whereNotNull('digest')
    .orderBy('channel_id')
    .limit(MOST_SUBSCRIBERS)
    .select('channel_id', 'owner', 'digest', 'digest_until');
  return rows.map(({ channel_id, owner, digest, digest_until }) => ({
    ...{ channelId: channel_id, email: owner, digest, until: dayFromPostgres(digest_until) },
  }));
}

export async function markTold(transaction: Knex, channelId: string, until: Day): Promise<void> {
  await transaction('channels')
    .where('channel_id', channelId)
    .update({ digest_until: postgresFromDay(until) });
}
