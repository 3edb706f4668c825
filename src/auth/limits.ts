import type { Request, RequestHandler } from 'express';
import { clientOf } from '../limits/client-address.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import type { Metrics } from '../measuring/metrics.ts';
import { TooMany } from '../web/errors.ts';
import { personOf } from './access/caller.ts';

const inSeconds = (seconds: number) => `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;

/** Who asks, as they are counted: each token by itself, else the person. */
const callerOf = (req: Request): string => req.caller?.token?.id ?? personOf(req).email.toLowerCase();

/** Each door of a sign-in counts for itself. @throws TooMany */
export function limitSignIns(signIns: RateLimit, door: 'to Google' | 'back', metrics: Metrics): RequestHandler {
  return async (req, _res, next) => {
    const seconds = await signIns(`${door} ${clientOf(req.ip)}`);
    if (seconds === null) return next();
    metrics.refusals.inc({ reason: 'too many' });
    throw new TooMany(
      `More sign-ins have come from your address than there may be in a minute. Please try again in ${inSeconds(seconds)}.`,
      seconds,
    );
  };
}

/** For requests of which it is known who asks. @throws TooMany */
export function limitCallers(asked: RateLimit): RequestHandler {
  return async (req, _res, next) => {
    const seconds = await asked(callerOf(req));
    if (seconds === null) return next();
    throw new TooMany(
      `You have asked more often than may be in a minute (API_PER_MINUTE). Please go on in ${inSeconds(seconds)}.`,
      seconds,
    );
  };
}

/** What ends a session: whoever has stolen one could keep its owner from that by haste. */
const ALWAYS = /^\/(sign-out|account\/sessions\/.*)\/?$/i;
/** Counted as what programs ask for. */
const OF_PROGRAMS = /^\/api\//i;

/** Forms that are sent count as what is asked of the API does. @throws TooMany */
export function limitForms(asked: RateLimit): RequestHandler {
  const limit = limitCallers(asked);
  return (req, res, next) =>
    ['GET', 'HEAD'].includes(req.method) || ALWAYS.test(req.path) || OF_PROGRAMS.test(req.path)
      ? next()
      : limit(req, res, next);
}
