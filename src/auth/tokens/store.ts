import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import {
  addTime,
  DAY_OF_24_HOURS,
  type Instant,
  instantFromPostgres,
  MINUTE,
  now,
  postgresFromInstant,
  SECOND,
} from '../../units/time.ts';
import type { Person } from '../person.ts';
import { SCOPES, type Scope } from './scopes.ts';
import { hashOf } from './secret.ts';

/** Of a person, that still lets in. */
export const MOST_TOKENS = 20;
/** How long those that have ended are still shown. */
const SHOWN_AFTER = 90n * DAY_OF_24_HOURS;
const USE_WRITTEN_EVERY = MINUTE;
/** A form that is sent again within this time was sent by a double click. */
const SENT_TWICE_WITHIN = 5n * SECOND;

export type ApiToken = {
  id: string;
  person: Pick<Person, 'sub' | 'email'>;
  name: string;
  scopes: Scope[];
  made: Instant;
  expires: Instant;
  revoked: Instant | null;
  lastUsed: { at: Instant; from: string } | null;
};

type Row = {
  token_id: string;
  sub: string;
  email: string;
  name: string;
  scopes: string[];
  made_at: string;
  expires_at: string;
  revoked_at: string | null;
  last_used_at: string | null;
  last_used_from: string | null;
};

const COLUMNS = [
  ...['token_id', 'sub', 'email', 'name', 'scopes', 'made_at', 'expires_at', 'revoked_at'],
  ...['last_used_at', 'last_used_from'],
];

const tokenOf = (row: Row): ApiToken => ({
  id: row.token_id,
  person: { sub: row.sub, email: row.email },
  name: row.name,
  // A later version may have given one that this one does not know.
  scopes: SCOPES.filter((scope) => row.scopes.includes(scope)),
  made: instantFromPostgres(row.made_at),
  expires: instantFromPostgres(row.expires_at),
  revoked: row.revoked_at === null ? null : instantFromPostgres(row.revoked_at),
  lastUsed:
    row.last_used_at === null ? null : { at: instantFromPostgres(row.last_used_at), from: row.last_used_from ?? '' },
});

export const hasEnded = ({ expires, revoked }: Pick<ApiToken, 'expires' | 'revoked'>, at: Instant): boolean =>
  revoked !== null || expires <= at;

/** What somebody asks of a new one; `days` from now it expires. */
export type TokenTerms = { name: string; scopes: Scope[]; days: number };

/** `full`: the person has as many as there may be. `sent twice`, `sent before`: there is a token of this secret, made just now or earlier. */
type Made = { id: string } | 'full' | 'sent twice' | 'sent before';

/** Makes a token of a secret, which is kept nowhere. */
export async function makeToken(
  transaction: Knex,
  { sub, email }: Person,
  { name, scopes, days }: TokenTerms,
  secret: string,
): Promise<Made> {
  const at = now();
  // Two tabs of one person wait for each other: the number of theirs stays within what it may be.
  await transaction.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`tokens of ${sub}`]);
  const own = await transaction('api_tokens')
    .where('sub', sub)
    .select<(Row & { token_hash: string })[]>(...COLUMNS, 'token_hash');
  const same = own.find(({ token_hash }) => token_hash === hashOf(secret));
  if (same) return addTime(instantFromPostgres(same.made_at), SENT_TWICE_WITHIN) > at ? 'sent twice' : 'sent before';
  if (own.map(tokenOf).filter((one) => !hasEnded(one, at)).length >= MOST_TOKENS) return 'full';
  const id = randomUUID();
  await transaction('api_tokens').insert({
    ...{ token_id: id, token_hash: hashOf(secret), sub, email, name, scopes },
    made_at: postgresFromInstant(at),
    expires_at: postgresFromInstant(addTime(at, BigInt(days) * DAY_OF_24_HOURS)),
  });
  return { id };
}

/** Revokes a token that is not yet; of one person only, where one is given. Null where there is none. */
export async function revokeToken(transaction: Knex, id: string, sub: string | null): Promise<ApiToken | null> {
  const [row] = await transaction('api_tokens')
    .where({ token_id: id, revoked_at: null, ...(sub === null ? {} : { sub }) })
    .update({ revoked_at: postgresFromInstant(now()) })
    .returning<Row[]>(COLUMNS);
  return row ? tokenOf(row) : null;
}

/** The newest, at most so many: of one person, or of everybody. */
export async function readTokens(database: Knex, sub: string | null, most: number): Promise<ApiToken[]> {
  const rows = await database('api_tokens')
    .modify((query) => {
      if (sub !== null) query.where('sub', sub);
    })
    .orderBy([{ column: 'made_at', order: 'desc' }, 'token_id'])
    .limit(most)
    .select<Row[]>(...COLUMNS);
  return rows.map(tokenOf);
}

export async function findToken(database: Knex, hash: string): Promise<ApiToken | null> {
  const row: Row | undefined = await database('api_tokens')
    .where('token_hash', hash)
    .first(...COLUMNS);
  return row ? tokenOf(row) : null;
}

/** Writes down that a token was used, at most once a minute however many use it. */
export async function writeUse(database: Knex, { id, lastUsed }: ApiToken, from: string): Promise<void> {
  const at = now();
  const before = addTime(at, -USE_WRITTEN_EVERY);
  if (lastUsed !== null && lastUsed.at > before && lastUsed.at <= at) return;
  await database('api_tokens')
    .where('token_id', id)
    .whereRaw('(last_used_at IS NULL OR last_used_at <= ? OR last_used_at > ?)', [before, at].map(postgresFromInstant))
    .update({ last_used_at: postgresFromInstant(at), last_used_from: from });
}

/** Deletes those that ended ninety days ago: the audit log still says who made them. */
export async function forgetTokens(database: Knex): Promise<void> {
  const before = postgresFromInstant(addTime(now(), -SHOWN_AFTER));
  await database('api_tokens').whereRaw('least(expires_at, revoked_at) < ?', [before]).delete();
}
