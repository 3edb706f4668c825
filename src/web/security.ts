import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { Refused, type WayOut } from './errors.ts';

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
    // With none at all a browser would name no Origin with our own forms, by which old ones are told apart.
    referrerPolicy: { policy: 'same-origin' },
  });
}

/** The same headers as names and values, for what is answered without Express. */
export function securityHeaderValues(options: { https: boolean }): Record<string, string> {
  const values: Record<string, string> = {};
  const res = {
    setHeader: (name: string, value: string) => Object.assign(values, { [name]: value }),
    removeHeader() {},
  };
  securityHeaders(options)({} as Request, res as unknown as Response, () => {});
  return values;
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

/**
 * For doors that tell a secret and write down who opened it: a link, an image or a frame on another site would open them in
 * the name of whoever looks at that, and so would a browser that fetches ahead.
 * @throws Refused with `wayOut`, where the door can be opened
 */
export function openedFromHere(req: Request, wayOut: WayOut): void {
  const site = req.get('Sec-Fetch-Site') ?? 'none';
  if (!['same-origin', 'none'].includes(site) || req.get('Sec-Purpose')?.includes('prefetch')) {
    throw new Refused('Prompts are opened from a page of this site, not from another one.', wayOut);
  }
}

/**
 * For the doors of a sign-in, which count by address how often they are gone through: pictures, frames and scripts of another
 * site would otherwise use up the sign-ins of a whole office that only looks at that. Browsers that say nothing of it pass.
 */
export function windowsOnly(req: Request, _res: Response, next: NextFunction): void {
  const isWindow =
    (req.get('Sec-Fetch-Dest') ?? 'document') === 'document' && !req.get('Sec-Purpose')?.includes('prefetch');
  next(isWindow ? undefined : new Refused('A sign-in is a page of its own: please open it in a window.'));
}

/** Answers what is asked of the server and no page of it ("OPTIONS *"); everything behind this has a path. */
export function pathsOnly(req: Request, res: Response, next: NextFunction): void {
  if (req.path?.startsWith('/')) next();
  else if (req.method === 'OPTIONS') res.set('Allow', 'GET, HEAD, POST, OPTIONS').status(204).end();
  else res.status(400).type('text').send('This request cannot be read.\n');
}

/**
 * Answers hold what others must not see from a cache: numbers, names, the cookies of a sign-in. Nobody keeps one, so nobody
 * is told that theirs is still good: a prompt that is written down as opened has been sent.
 */
export function noStore(req: Request, res: Response, next: NextFunction): void {
  for (const header of ['if-none-match', 'if-modified-since']) delete req.headers[header];
  res.set('Cache-Control', 'no-store');
  next();
}
