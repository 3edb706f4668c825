import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { Refused } from './errors.ts';

/** Headers of every answer. Scripts, styles and requests come from our own origin only; nothing may frame us. */
export function securityHeaders({ https }: { https: boolean }) {
  const self = ["'self'"];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: self,
        styleSrc: self,
        imgSrc: ["'self'", 'data:'],
        connectSrc: self,
        formAction: self,
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    referrerPolicy: { policy: 'no-referrer' },
  });
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** Other sites may not change anything here: browsers say where a request comes from, and old ones name the Origin. */
export function sameOriginChanges(appUrl: URL) {
  return (req: Request, _res: Response, next: NextFunction) => {
    if (SAFE_METHODS.includes(req.method)) return next();
    const site = req.get('Sec-Fetch-Site');
    const allowed = site === undefined ? req.get('Origin') === appUrl.origin : site === 'same-origin';
    next(allowed ? undefined : new Refused('This request did not come from a page of this site.'));
  };
}

/** Answers hold what others must not see from a cache: numbers, names, the cookies of a sign-in. */
export function noStore(_req: Request, res: Response, next: NextFunction): void {
  res.set('Cache-Control', 'no-store');
  next();
}
