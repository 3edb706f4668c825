import type { ClientRequestArgs } from 'node:http';
import type { Request } from 'express';
import { Passport } from 'passport';
import { type Profile, Strategy, type StrategyOptions } from 'passport-google-oauth20';
import type { GoogleClient } from '../config.ts';
import { returnPath } from '../web/return-path.ts';
import { beginAttempt, readAttempt } from './attempt.ts';
import { mayEnter } from './person.ts';

export const CALLBACK_PATH = '/auth/google/callback';

const GOOGLE_ANSWERS_WITHIN_MS = 5_000;

/** What passport-oauth2 keeps to itself, and what we must change in it (security-and-faults.md names the reasons). */
type OAuth2Client = {
  useAuthorizationHeaderforGET(use: boolean): void;
  _executeRequest(library: unknown, options: ClientRequestArgs, body: unknown, callback: unknown): void;
};

type GoogleOptions = { client: GoogleClient; appUrl: URL; allowedDomains: string[]; secrets: string[] };

/** Passport with the one strategy; its callback hands over an `Entry` (person or refusal), never an error for a refusal. */
export function createGooglePassport({ client, appUrl, allowedDomains, secrets }: GoogleOptions) {
  const attempts = {
    store(
      req: Request,
      verifier: string,
      _state: unknown,
      _meta: unknown,
      done: (error: Error | null, state?: string) => void,
    ) {
      if (!req.res) return done(new Error('no response to set the cookie on'));
      done(null, beginAttempt(req, req.res, secrets, { verifier, returnTo: returnPath(req.query.returnTo, appUrl) }));
    },
    verify(req: Request, state: unknown, done: (error: Error | null, verifier: string | false, info?: object) => void) {
      const attempt = readAttempt(req, state, secrets);
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
  };
  const strategy = new Strategy(
    options as unknown as StrategyOptions,
    (_accessToken: string, _refreshToken: string, profile: Profile, done) =>
      done(null, mayEnter(profile._json, allowedDomains)),
  );

  const oauth2 = (strategy as unknown as { _oauth2: OAuth2Client })._oauth2;
  // Else the access token travels in a query string, where logs keep it.
  oauth2.useAuthorizationHeaderforGET(true);
  const executeRequest = oauth2._executeRequest.bind(oauth2);
  oauth2._executeRequest = (library, request, body, callback) =>
    executeRequest(library, { ...request, signal: AbortSignal.timeout(GOOGLE_ANSWERS_WITHIN_MS) }, body, callback);

  const passport = new Passport();
  passport.use(strategy);
  return passport;
}
