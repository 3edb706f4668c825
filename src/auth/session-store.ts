import { createHash } from 'node:crypto';
import session, { type SessionData } from 'express-session';
import type { Knex } from 'knex';
import { z } from 'zod';
import { shareReads } from '../units/promises/share-reads.ts';
import {
  addTime,
  earliest,
  type Instant,
  instantAt,
  instantFromPostgres,
  isoFromInstant,
  type Length,
  MINUTE,
  now,
} from '../units/time.ts';
import type { Cookies } from './cookies.ts';
import { type Person, personShape } from './person.ts';

const IDLE = 60n * MINUTE;
const ABSOLUTE = 12n * 60n * MINUTE;
const TOUCH_EVERY = MINUTE;

/** What a row holds as JSON. `arrival` is the attempt that it began with: somebody may come by that way once more. */
const stored = z.object({
  person: personShape,
  arrival: z.object({ state: z.string(), returnTo: z.string() }).optional(),
});
type Stored = z.infer<typeof stored>;

declare module 'express-session' {
  interface SessionData extends Partial<Stored> {
    userAgent?: string;
    /** From where somebody signed in. */
    address?: string;
    /** Microseconds, as a number: express-session looks at sessions as JSON, which knows no bigint. */
    signedInAt?: number;
    /** Set while loaded, never stored: such a session may be updated, not inserted. */
    expiresAt?: number;
  }
}

export type SessionRow = {
  sid_hash: string;
  sub: string;
  data: unknown;
  user_agent: string;
  address: string;
  signed_in_at: string;
  last_seen_at: string;
  expire: string;
};

export function sidHash(sid: string): string {
  return createHash('sha256').update(sid).digest('base64url');
}

const distance = (a: Instant, b: Instant): Length => (a < b ? b - a : a - b);

/** As `SessionData` has it. */
const fromNumber = (microseconds: number): Instant => instantAt(BigInt(microseconds));

function expiry(signedInAt: Instant): Instant {
  return earliest(addTime(now(), IDLE), addTime(signedInAt, ABSOLUTE));
}

/**
 * Sessions in backoffice_db, ours because of three faults of the stock store: it compares a timestamp without zone, it
 * brings a signed-out session back to life when a slow request saves it, and every page view is an update.
 */
export class SessionStore extends session.Store {
  readonly #database: Knex;
  readonly #cookie: Cookies['options'];
  /** A page and its parts, or many people at one wall screen, ask for one session at once. */
  readonly #read: (sidHash: string) => Promise<SessionRow | undefined>;

  constructor(database: Knex, cookie: Cookies['options']) {
    super();
    this.#database = database;
    this.#cookie = cookie;
    this.#read = shareReads((hash) =>
      database<SessionRow>('sessions').where('sid_hash', hash).where('expire', '>', isoFromInstant(now())).first(),
    );
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    this.#read(sidHash(sid)).then(
      (row) => {
        const session = row ? loaded(row) : null;
        callback(null, session && { ...session, cookie: { ...this.#cookie, originalMaxAge: null } });
      },
      // express-session reads ENOENT as "no such session"; here it is a database whose socket file is not there.
      (error) => callback(error.code === 'ENOENT' ? Object.assign(error, { code: 'ECONNREFUSED' }) : error),
    );
  }

  override set(sid: string, data: SessionData, callback: (error?: unknown) => void = () => {}): void {
    const { person, arrival, userAgent = '', address = '', signedInAt = Number(now()), expiresAt, cookie } = data;
    if (!person) {
      callback(new Error('a session belongs to someone signed in'));
      return;
    }
    const row = {
      sub: person.sub,
      data: JSON.stringify({ cookie, person, arrival }),
      user_agent: userAgent.slice(0, 300),
      address,
      signed_in_at: isoFromInstant(fromNumber(signedInAt)),
      last_seen_at: isoFromInstant(now()),
      expire: isoFromInstant(expiry(fromNumber(signedInAt))),
    };
    const sessions = this.#database('sessions');
    const saved =
      expiresAt === undefined
        ? sessions
            .insert({ sid_hash: sidHash(sid), ...row })
            .onConflict('sid_hash')
            .merge()
        : sessions.where('sid_hash', sidHash(sid)).update(row);
    saved.then(() => callback(), callback);
  }

  override touch(sid: string, data: SessionData, callback: (error?: unknown) => void = () => {}): void {
    const { signedInAt = 0, expiresAt = 0 } = data;
    const expire = expiry(fromNumber(signedInAt));
    // Earlier as well: after a clock that was ahead has been set right, it shall not be ahead again before this is written.
    if (distance(expire, fromNumber(expiresAt)) < TOUCH_EVERY) {
      callback();
      return;
    }
    this.#database('sessions')
      .where('sid_hash', sidHash(sid))
      .update({ expire: isoFromInstant(expire), last_seen_at: isoFromInstant(now()) })
      // The page is ready and must not break for this; the next one tries again.
      .then(
        () => callback(),
        () => callback(),
      );
  }

  override destroy(sid: string, callback: (error?: unknown) => void = () => {}): void {
    this.#database('sessions')
      .where('sid_hash', sidHash(sid))
      .delete()
      .then(() => callback(), callback);
  }
}

/** What a row says of a session, or null where another version of this program, or something else, has written it. */
function loaded(row: SessionRow): (Omit<SessionData, 'cookie'> & { signedInAt: number; lastSeenAt: number }) | null {
  try {
    return {
      ...stored.parse(row.data),
      userAgent: row.user_agent,
      address: row.address,
      signedInAt: recent(row.signed_in_at),
      lastSeenAt: recent(row.last_seen_at),
      expiresAt: recent(row.expire),
    };
  } catch {
    return null;
  }
}

/** As a number. @throws RangeError for a time that no session of ours can have: endless, or so far away that it cannot be counted with */
function recent(text: string): number {
  const instant = instantFromPostgres(text);
  if (distance(instant, now()) > 2n * ABSOLUTE) throw new RangeError(`not within a session's life: ${text}`);
  return Number(instant);
}

export type ListedSession = {
  sidHash: string;
  person: Pick<Person, 'sub' | 'email'>;
  userAgent: string;
  address: string;
  signedInAt: Instant;
  lastSeenAt: Instant;
};

function listed(row: SessionRow): ListedSession[] {
  const session = loaded(row);
  if (!session?.person) return [];
  const { person, userAgent = '', address = '', signedInAt, lastSeenAt } = session;
  const times = { signedInAt: fromNumber(signedInAt), lastSeenAt: fromNumber(lastSeenAt) };
  return [{ sidHash: row.sid_hash, person, userAgent, address, ...times }];
}

/** The sessions that a person, or null: anybody, could still use, latest first; at most so many. */
export async function sessionsOf(database: Knex, sub: string | null, most: number): Promise<ListedSession[]> {
  const rows = await database<SessionRow>('sessions')
    .where({ ...(sub === null ? {} : { sub }) })
    .where('expire', '>', isoFromInstant(now()))
    .orderBy('last_seen_at', 'desc')
    .limit(most);
  return rows.flatMap(listed);
}

/** Which sessions are meant: of one person, of one hash, but for one hash; what is left out excludes none. */
export type SessionsAsked = { sub?: string; hash?: string; but?: string };

/** Ends sessions at once, for all processes; returns those that could still have been used. */
export async function endSessions(database: Knex, { sub, hash, but }: SessionsAsked): Promise<ListedSession[]> {
  const rows = await database<SessionRow>('sessions')
    .where({ ...(sub === undefined ? {} : { sub }), ...(hash === undefined ? {} : { sid_hash: hash }) })
    .modify((query) => {
      if (but !== undefined) query.whereNot('sid_hash', but);
    })
    .delete()
    .returning('*');
  return rows.flatMap(listed);
}

export async function deleteExpiredSessions(database: Knex): Promise<void> {
  await database('sessions').where('expire', '<=', isoFromInstant(now())).delete();
}
