import { cookiesOf } from '../../src/auth/cookies.ts';
import { type SessionRow, sidHash } from '../../src/auth/session-store.ts';
import type { Client } from './client.ts';
import { databases } from './databases.ts';

/** The cookies of tests are those of http://localhost. */
export const COOKIES = cookiesOf(new URL('http://localhost'));

/** The session id in a client's cookie: what stands between "s:" and the signature. */
export function sidOf(client: Client): string {
  const value = decodeURIComponent(client.cookies.get(COOKIES.session) ?? '');
  const sid = /^s:(.+)\./.exec(value)?.[1];
  if (!sid) throw new Error('no session cookie');
  return sid;
}

const row = (client: Client) =>
  databases()
    .backoffice<SessionRow>('sessions')
    .where('sid_hash', sidHash(sidOf(client)));

export const sessionRow = (client: Client): Promise<SessionRow | undefined> => row(client).first();

export async function changeSession(client: Client, changes: Partial<SessionRow>): Promise<void> {
  await row(client).update(changes);
}

export async function countSessions(where: Partial<SessionRow> = {}): Promise<number> {
  const rows = await databases().backoffice('sessions').where(where).select('sid_hash');
  return rows.length;
}

/** Runs `work` as if this much time had passed for the app, which shares this process: by both of its clocks. */
export async function later<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const real = performance.now;
  performance.now = () => real.call(performance) + milliseconds;
  try {
    return await withClockMoved(milliseconds, work);
  } finally {
    performance.now = real;
  }
}

/** Runs `work` while the clock on the wall is this much ahead, or behind, and no time has passed. */
export async function withClockMoved<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const real = Date.now;
  Date.now = () => real() + milliseconds;
  try {
    return await work();
  } finally {
    Date.now = real;
  }
}
