import { randomBytes } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { millisecondsNow } from '../units/clock.ts';
import type { Cookies } from './cookies.ts';
import { seal, unseal } from './sealed.ts';

/**
 * One sign-in under way, kept in a sealed cookie of its own: two tabs do not disturb each other, a wrong guess burns
 * nothing, and no session exists before someone has signed in. passport-oauth2's own store has one slot per session.
 */
const attempt = z.object({ verifier: z.string(), returnTo: z.string(), expires: z.number() });
export type Attempt = z.infer<typeof attempt>;

const STATE = /^[\w-]{22}$/;
const MINUTES = 10;
// Four sealed return paths of full length leave a quarter of the 16 kB that Node reads as headers.
const MOST_PENDING = 4;

function sentWith(req: Request): Record<string, string | undefined> {
  return parseCookie(req.headers.cookie ?? '');
}

/** Where attempts are kept, and what seals them; the newest secret first. */
export type Keeping = { cookies: Cookies; secrets: string[] };

/** Remembers an attempt in the browser and returns its `state`. */
export function beginAttempt(
  req: Request,
  res: Response,
  { cookies, secrets }: Keeping,
  pending: Omit<Attempt, 'expires'>,
): string {
  const { signIn, options } = cookies;
  const state = randomBytes(16).toString('base64url');
  // In the browser's cookie, which another process may read.
  const expires = millisecondsNow() + MINUTES * 60_000;
  // Only names that we give: some that a request may hold cannot be written into an answer.
  const abandoned = Object.keys(sentWith(req)).filter(
    (name) => name.startsWith(signIn) && STATE.test(name.slice(signIn.length)),
  );
  // Headers have a size limit: someone who reloads the sign-in page all morning must not be locked out by it.
  for (const name of abandoned.slice(0, Math.max(0, abandoned.length - MOST_PENDING + 1)))
    res.clearCookie(name, options);
  const sealed = seal(JSON.stringify({ ...pending, expires }), state, secrets[0] ?? '');
  res.cookie(signIn + state, sealed, { ...options, maxAge: MINUTES * 60_000 });
  return state;
}

/** The attempt that this browser began under `state`, or null: another browser's, forged or older than ten minutes. */
export function readAttempt(req: Request, state: unknown, { cookies, secrets }: Keeping): Attempt | null {
  if (typeof state !== 'string' || !STATE.test(state)) return null;
  const sealed = sentWith(req)[cookies.signIn + state];
  const text = sealed ? unseal(sealed, state, secrets) : null;
  if (text === null) return null;
  const parsed = attempt.safeParse(JSON.parse(text));
  return parsed.success && parsed.data.expires > millisecondsNow() ? parsed.data : null;
}

export function endAttempt(res: Response, state: string, { cookies }: Keeping): void {
  res.clearCookie(cookies.signIn + state, cookies.options);
}
