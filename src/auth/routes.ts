import express, { type Request, type Response, type Router } from 'express';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { GoogleClient } from '../config.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import type { Metrics } from '../measuring/metrics.ts';
import { loggable } from '../units/failures/loggable.ts';
import { handled } from '../units/promises/handled.ts';
import { now } from '../units/time.ts';
import { takes } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { returnPath } from '../web/return-path.ts';
import { windowsOnly } from '../web/security.ts';
import { addressOf } from './access/caller.ts';
import { endAttempt, readAttempt } from './attempt.ts';
import type { Cookies } from './cookies.ts';
import { CALLBACK_PATH, confirmedEntry, createGooglePassport } from './google.ts';
import { limitSignIns } from './limits.ts';
import type { Entry, Person } from './person.ts';

type AuthOptions = {
  client: GoogleClient;
  appUrl: URL;
  allowedDomains: string[];
  secrets: string[];
  cookies: Cookies;
  database: Knex;
  render: Render;
  log: Logger;
  metrics: Metrics;
  signIns: RateLimit;
};

/** The doors that are open to anyone: the sign-in page, the way to Google and back. */
export function signInRoutes({
  client,
  appUrl,
  allowedDomains,
  secrets,
  cookies,
  render,
  log,
  metrics,
  signIns,
}: AuthOptions): Router {
  const router = express.Router();
  const keeping = { cookies, secrets };
  const passport = createGooglePassport({ client, appUrl, allowedDomains, keeping });

  const page = (
    req: Request,
    res: Response,
    status: number,
    problem: string | null,
    returnTo: string,
    ended = false,
  ) => {
    res.status(status);
    render(req, res, { title: 'Sign in', view: 'auth/sign-in', data: { problem, returnTo, ended, allowedDomains } });
  };

  const refuse = (req: Request, res: Response, status: number, problem: string, returnTo: string, reason: string) => {
    metrics.refusals.inc({ reason });
    page(req, res, status, problem, returnTo);
  };

  // Google takes a code once, and a callback that is opened twice may ask while the first is still under way.
  const underWay = new Map<string, Promise<Entry>>();
  const confirmed = (req: Request, res: Response, key: string): Promise<Entry> => {
    const known = underWay.get(key);
    if (known) return known;
    const entry = handled(confirmedEntry(passport, req, res).finally(() => underWay.delete(key)));
    underWay.set(key, entry);
    return entry;
  };

  router.get('/sign-in', takes(['returnTo', 'ended']), (req, res) => {
    const returnTo = returnPath(req.query.returnTo, appUrl);
    if (req.session.person) return res.redirect(302, returnTo);
    page(req, res, 200, null, returnTo, req.query.ended === 'yes');
  });

  router.get('/auth/google', windowsOnly, limitSignIns(signIns, 'to Google', metrics), (req, res, next) => {
    const prompt = req.query.prompt === 'select_account' ? { prompt: 'select_account' } : {};
    // Either of our domains may come, and Google's hint takes one: "*" asks for any organisation's account.
    passport.authenticate('google', { session: false, hd: '*', ...prompt } as object)(req, res, next);
  });

  router.get(CALLBACK_PATH, windowsOnly, limitSignIns(signIns, 'back', metrics), async (req, res, next) => {
    const { state, code, error } = req.query;
    const { person, arrival } = req.session;
    // Back, or a second click: whoever came this way once is taken to where they then wanted to go.
    if (person && arrival?.state === state) return res.redirect(302, returnPath(arrival?.returnTo, appUrl));
    const attempt = readAttempt(req, state, keeping);
    if (person && !attempt && error === undefined) return res.redirect(302, '/');
    const returnTo = attempt?.returnTo ?? '/';
    if (attempt) endAttempt(res, String(state), keeping);
    // Before passport, which would answer with the words of whoever wrote the address, or begin a new sign-in.
    if (error !== undefined) return refuse(req, res, 400, 'Google did not sign you in.', returnTo, 'google said no');
    if (!attempt || typeof code !== 'string' || code === '') {
      return refuse(
        req,
        res,
        400,
        'This sign-in was not begun in this browser, or more than ten minutes ago. Please try again.',
        returnTo,
        'not begun here',
      );
    }
    const entry = await confirmed(req, res, attempt.verifier + code).catch((failure) => {
      log.error({ id: req.id, error: loggable(failure) }, 'sign-in failed at Google');
      return null;
    });
    if (!entry) {
      const problem = 'Google did not confirm this sign-in. Please try again.';
      return refuse(req, res, 502, problem, returnTo, 'not confirmed');
    }
    if ('refusal' in entry) return refuse(req, res, 403, entry.refusal, returnTo, entry.reason);
    begin(req, entry.person, { state: String(state), returnTo }, (problem) =>
      problem ? next(problem) : res.redirect(302, returnTo),
    );
  });

  return router;
}

/** A new session id at sign-in, so that one planted before is worth nothing. */
function begin(
  req: Request,
  person: Person,
  arrival: Request['session']['arrival'],
  done: (problem?: unknown) => void,
): void {
  const failed = (problem: unknown) => {
    // Else express-session tries to save it once more, and sends the cookie of a session that does not exist.
    delete (req as Partial<Request>).session;
    done(problem);
  };
  req.session.regenerate((problem) => {
    if (problem) return failed(problem);
    req.session.person = person;
    req.session.arrival = arrival;
    req.session.userAgent = req.get('User-Agent') ?? '';
    req.session.address = addressOf(req);
    req.session.signedInAt = Number(now());
    req.session.save((problem) => (problem ? failed(problem) : done()));
  });
}
