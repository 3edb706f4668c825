import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';

/** What the body of a webhook looks like. */
export const WEBHOOK_FORMATS = ['json', 'slack', 'google-chat', 'teams'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

type EmailTerms = { type: 'email'; name: string; to: string[] };
export type WebhookTerms = { type: 'webhook'; name: string; url: string; format: WebhookFormat };
/** What somebody asks a channel to be. */
export type ChannelTerms = EmailTerms | WebhookTerms;

type Kept = { id: string; owner: string };
/** `own`: of a channel that is somebody's own, why they are told: they have chosen a digest, or made what a message is about. */
export type EmailChannel = EmailTerms & Kept & { own: 'chosen' | 'maker' | null };
/** `secret` is the key of its signatures. */
export type WebhookChannel = WebhookTerms & Kept & { secret: string };
/** Where messages are sent; `owner` is the address of whoever made it. */
export type Channel = EmailChannel | WebhookChannel;

/** What a page lists, and what is read at once. */
export const MOST_CHANNELS = 100;

export type ChannelRow = {
  channel_id: string;
  name: string;
  type: 'email' | 'webhook';
  recipients: string[];
  url: string | null;
  format: string | null;
  secret: string | null;
  owner: string;
  person: string | null;
};

export const CHANNEL_COLUMNS = [
  ...['channels.channel_id', 'channels.name', 'channels.type', 'channels.recipients', 'channels.url'],
  ...['channels.format', 'channels.secret', 'channels.owner', 'channels.person'],
];

export function channelOf({
  channel_id: id,
  name,
  type,
  recipients,
  url,
  format,
  secret,
  owner,
  person,
}: ChannelRow): Channel {
  if (type === 'email') return { id, owner, type, name, to: recipients, own: ownOf(person) };
  return {
    ...{ id, owner, type, name },
    ...{ url: url ?? '', format: (format ?? 'json') as WebhookFormat, secret: secret ?? '' },
  };
}

/** `person` of a channel to whoever made something; of one for digests it is Google's sub, which is no address. */
const personOfMaker = (email: string) => `mailto:${email}`;
const ownOf = (person: string | null) =>
  person === null ? null : person.startsWith(personOfMaker('')) ? 'maker' : 'chosen';

/**
 * The channel to the address of somebody who made something, made where there is none yet. Null where one of some channels goes to
 * that address already.
 */
export async function channelOfMaker(
  transaction: Knex,
  email: string,
  besides: readonly string[],
): Promise<string | null> {
  const found = await kept(transaction)
    .whereIn('channel_id', besides)
    .whereRaw('? = ANY(recipients)', [email])
    .first('channel_id');
  if (found !== undefined) return null;
  const person = personOfMaker(email);
  await transaction('channels')
    .insert({ name: `Mail to ${email}`, type: 'email', recipients: [email], owner: email, person })
    .onConflict('person')
    .ignore();
  const own = await transaction('channels').where('person', person).first<{ channel_id: string }>('channel_id');
  return own.channel_id;
}

const kept = (backoffice: Knex) => backoffice<ChannelRow>('channels').whereNull('deleted_at').whereNull('person');

/** All that are not deleted and not somebody's own, by name. */
export async function readChannels(backoffice: Knex): Promise<Channel[]> {
  const rows: ChannelRow[] = await kept(backoffice)
    .orderByRaw('lower(name), channel_id')
    .limit(MOST_CHANNELS)
    .select(CHANNEL_COLUMNS);
  return rows.map(channelOf);
}

/** Null where there is none, or it was deleted. */
export async function readChannel(backoffice: Knex, id: string): Promise<Channel | null> {
  const row: ChannelRow | undefined = await kept(backoffice).where('channel_id', id).first(CHANNEL_COLUMNS);
  return row ? channelOf(row) : null;
}

/** Those of some ids (uuids) that no channel has, or only a deleted one. */
export async function unknownChannels(backoffice: Knex, ids: readonly string[]): Promise<string[]> {
  const known: string[] = await kept(backoffice).whereIn('channel_id', ids).pluck('channel_id');
  return ids.filter((id) => !known.includes(id.toLowerCase()));
}

const columnsOf = (terms: ChannelTerms) =>
  terms.type === 'email'
    ? { name: terms.name, type: terms.type, recipients: terms.to, url: null, format: null }
    : { name: terms.name, type: terms.type, recipients: [], url: terms.url, format: terms.format };

const newSecret = (type: Channel['type']) => (type === 'webhook' ? randomBytes(32).toString('base64url') : null);

/** Null where there are as many as there may be. */
export async function makeChannel(transaction: Knex, terms: ChannelTerms, owner: string): Promise<string | null> {
  // Whoever makes one at the same time counts after this one.
  await transaction.raw('LOCK TABLE channels IN SHARE ROW EXCLUSIVE MODE');
  const count = await transaction('channels').whereNull('deleted_at').whereNull('person').count('* AS count').first();
  if (Number(count?.count) >= MOST_CHANNELS) return null;
  const [made] = await transaction('channels')
    .insert({ ...columnsOf(terms), owner, secret: newSecret(terms.type) })
    .returning<{ channel_id: string }[]>('channel_id');
  return made?.channel_id as string;
}

/** False where there is none any more. */
const written = async (transaction: Knex, id: string, columns: object): Promise<boolean> =>
  (await transaction('channels').where('channel_id', id).whereNull('deleted_at').update(columns)) > 0;

/** A webhook keeps the key of its signatures. False where there is none any more. */
export function changeChannel(transaction: Knex, { id, type }: Channel, terms: ChannelTerms): Promise<boolean> {
  const secret = terms.type === type ? {} : { secret: newSecret(terms.type) };
  return written(transaction, id, { ...columnsOf(terms), ...secret });
}

/** A new key for the signatures of a webhook: of every attempt from now on, also of what waits. False where there is none any more. */
export const changeKey = (transaction: Knex, { id, type }: Pick<WebhookChannel, 'id' | 'type'>): Promise<boolean> =>
  written(transaction, id, { secret: newSecret(type) });

/** What still waits to be sent there never is: the outbox leaves it. False where there is none any more. */
export async function deleteChannel(transaction: Knex, id: string): Promise<boolean> {
  if (!(await written(transaction, id, { deleted_at: transaction.fn.now() }))) return false;
  await transaction('deliveries')
    .where({ channel_id: id })
    .whereIn('state', ['waiting', 'dead'])
    .update({ state: 'dismissed', ended_at: transaction.fn.now(), answer: 'The channel was deleted.' });
  return true;
}
