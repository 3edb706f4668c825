import { randomBytes, randomInt } from 'node:crypto';
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
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * Attempts have so many places and no more, each a cookie of one name, and the first letter of a state tells which: many tabs
 * that begin at once know nothing of each other's cookies, and two hundred of them would be more than the 16 kB that Node
 * reads as headers. Three sealed return paths of full length and five short ones leave a quarter of it.
 */
const PLACES = { long: [0, 1, 2], short: [3, 4, 5, 6, 7] };
const ALL_PLACES = [...PLACES.long, ...PLACES.short];
const SHORT = 700;
const nameOf = (place: number) => `pending-attempt-no-${String(place).padStart(3, '0')}`;
const placeOf = (state: string) => ALPHABET.indexOf(state.charAt(0)) % ALL_PLACES.length;

const oneOf = <T>(choice: T[]): T => choice[randomInt(choice.length)] as T;

/** A state, of 126 bits that nobody can guess, in one of some places: a free one, or else the one that was taken first. */
function stateIn(places: number[], begunAt: (place: number) => number | null): string {
  const free = places.filter((place) => begunAt(place) === null);
  const oldest = places.reduce((one, other) => ((begunAt(other) ?? 0) < (begunAt(one) ?? 0) ? other : one));
  const place = free.length > 0 ? oneOf(free) : oldest;
  const letters = [...ALPHABET].filter((letter) => placeOf(letter) === place);
  return oneOf(letters) + randomBytes(16).toString('base64url').slice(0, 21);
}

function sentWith(req: Request): Record<string, string | undefined> {
  return parseCookie(req.headers.cookie ?? '');
}

/** Where attempts are kept, and what seals them; the newest secret first. */
export type AttemptCookies = { cookies: Cookies; secrets: string[] };

/** Remembers an attempt in the browser and returns its `state`. */
export function beginAttempt(
  req: Request,
  res: Response,
  { cookies, secrets }: AttemptCookies,
  pending: Omit<Attempt, 'expires'>,
): string {
  const { signIn, options } = cookies;
  const sent = sentWith(req);
  // In the browser's cookie, which another process may read.
  const begun = millisecondsNow();
  const text = JSON.stringify({ ...pending, expires: begun + MINUTES * 60_000 });
  // Plain in front of what is sealed: nobody gains by another order of their own attempts.
  const begunAt = (place: number) => {
    const at = Number(sent[signIn + nameOf(place)]?.split('.')[0]);
    return at > begun - MINUTES * 60_000 ? at : null;
  };
  const state = stateIn(text.length > SHORT ? PLACES.long : PLACES.short, begunAt);
  // Those of an earlier version had the names of their states. Only names that we give: some that a request may hold cannot
  // be written into an answer.
  for (const name of Object.keys(sent)) {
    const own = name.slice(signIn.length);
    if (name.startsWith(signIn) && STATE.test(own) && !ALL_PLACES.map(nameOf).includes(own))
      res.clearCookie(name, options);
  }
  const value = `${begun}.${seal(text, state, secrets[0] ?? '')}`;
  res.cookie(signIn + nameOf(placeOf(state)), value, { ...options, maxAge: MINUTES * 60_000 });
  return state;
}

/** The attempt that this browser began under `state`, or null: another browser's, forged or older than ten minutes. */
export function readAttempt(req: Request, state: unknown, { cookies, secrets }: AttemptCookies): Attempt | null {
  if (typeof state !== 'string' || !STATE.test(state)) return null;
  const sealed = sentWith(req)[cookies.signIn + nameOf(placeOf(state))]?.split('.')[1];
  const text = sealed ? unseal(sealed, state, secrets) : null;
  if (text === null) return null;
  const parsed = attempt.safeParse(JSON.parse(text));
  return parsed.success && parsed.data.expires > millisecondsNow() ? parsed.data : null;
}

export function endAttempt(res: Response, state: string, { cookies }: AttemptCookies): void {
  res.clearCookie(cookies.signIn + nameOf(placeOf(state)), cookies.options);
}
