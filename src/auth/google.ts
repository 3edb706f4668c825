import type { Request, Response } from 'express';
import { Passport } from 'passport';
import { type Profile, Strategy, type StrategyOptions } from 'passport-google-oauth20';
import type { GoogleClient } from '../config.ts';
import { returnPath } from '../web/return-path.ts';
import { askGoogle } from './ask-google.ts';
import { type AttemptCookies, beginAttempt, readAttempt } from './attempt.ts';
import { type Entry, mayEnter } from './person.ts';

export const CALLBACK_PATH = '/auth/google/callback';

/**
 * What passport-oauth2 keeps to itself. Its own requests have no time limit, put the access token into a query string, and
 * end the process from within their callbacks when an answer is not what they expect.
 */
type OAuth2Client = {
  getOAuthAccessToken(
    code: string,
    form: Record<string, string>,
    done: (error: unknown, accessToken?: string, refreshToken?: string, claims?: object) => void,
  ): void;
};

type Verified = (error: null, entry: Entry) => void;

type GoogleOptions = { client: GoogleClient; appUrl: URL; allowedDomains: string[]; keeping: AttemptCookies };

/** Passport with the one strategy, whose outcome is an `Entry`: person or refusal, never an error for a refusal. */
export function createGooglePassport({ client, appUrl, allowedDomains, keeping }: GoogleOptions) {
  const attempts = {
    store(
      req: Request,
      verifier: string,
      _state: unknown,
      _meta: unknown,
      done: (error: Error | null, state?: string) => void,
    ) {
      if (!req.res) return done(new Error('no response to set the cookie on'));
      done(null, beginAttempt(req, req.res, keeping, { verifier, returnTo: returnPath(req.query.returnTo, appUrl) }));
    },
    verify(req: Request, state: unknown, done: (error: Error | null, verifier: string | false, info?: object) => void) {
      const attempt = readAttempt(req, state, keeping);
      if (!attempt) return done(null, false, { message: 'unknown state' });
      done(null, attempt.verifier);
    },
  };

  const options = {
    clientID: client.clientId,
    clientSecret: client.clientSecret,
    authorizationURL: client.authorizationUrl,
    tokenURL: client.tokenUrl,
    userProfileURL: client.userinfoUrl,
    callbackURL: new URL(CALLBACK_PATH, appUrl).href,
    scope: ['openid', 'email', 'profile'],
    state: true,
    pkce: true,
    store: attempts,
    skipUserProfile: true,
  };
  const verify = (_token: string, _refresh: string, claims: unknown, _profile: Profile, done: Verified) =>
    done(null, mayEnter(claims, allowedDomains));
  const strategy = new Strategy(options as unknown as StrategyOptions, verify as never);

  const oauth2 = (strategy as unknown as { _oauth2: OAuth2Client })._oauth2;
  oauth2.getOAuthAccessToken = (code, form, done) => {
    askGoogle(client, { ...form, code }).then(
      (claims) => done(null, 'used', undefined, claims),
      (error) => done(error),
    );
  };

  const passport = new Passport();
  passport.use(strategy);
  return passport;
}

type GooglePassport = ReturnType<typeof createGooglePassport>;

/**
 * Finishes a sign-in by the code in the address.
 * @throws Error when Google does not confirm it
 */
export function confirmedEntry(passport: GooglePassport, req: Request, res: Response): Promise<Entry> {
  return new Promise((resolve, reject) => {
    const done = (failure: unknown, entry: Entry | false | null | undefined) => {
      if (entry) return resolve(entry);
      // Passport's own error says only that there was one; ours, which says which, is inside.
      const reason = (failure as { oauthError?: unknown } | null)?.oauthError ?? failure;
      reject(reason ?? new Error('Google did not confirm the sign-in'));
    };
    passport.authenticate('google', { session: false }, done)(req, res, reject);
  });
}
