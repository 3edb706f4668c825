import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { addressBar, asksForContent, isHtmx, redirectWindow } from '../web/htmx.ts';
import { returnPath } from '../web/return-path.ts';
import './access/caller.ts';
import { isAdmin } from './access/roles.ts';
import type { Cookies } from './cookies.ts';
import { isAllowed } from './person.ts';

/** `ended`: whoever asks was signed in, and is told that they are no more. */
function signInAddress(target: string, ended: boolean): string {
  const query = [
    ...(target === '/' ? [] : [`returnTo=${encodeURIComponent(target)}`]),
    ...(ended ? ['ended=yes'] : []),
  ];
  return query.length === 0 ? '/sign-in' : `/sign-in?${query.join('&')}`;
}

/** Files beside the pages: of the site, of what asks by itself for one at its root, but no table as a file. */
const FILE = /^\/(assets\/|\.|[^/]*\.(?!(csv|xlsx|json|ndjson)$)[^/.]*$)/;

/** What somebody looks at, or saves: not an icon, a script, or a form that was sent. */
function isPage(req: Request): boolean {
  const lookedAt = ['document', 'empty'].includes(req.get('Sec-Fetch-Dest') ?? 'document');
  return req.method === 'GET' && lookedAt && !FILE.test(req.path);
}

/** For programs: whom nothing is known of. */
export function unauthorizedJson(res: Response): void {
  res.set('WWW-Authenticate', 'Bearer realm="Mythoria Admin"').status(401).json({ error: 'Unauthorized' });
}

function unauthorized(req: Request, res: Response, { appUrl, cookies }: WhoMay): void {
  if (req.path.startsWith('/api/')) {
    unauthorizedJson(res);
  } else if (isHtmx(req)) {
    const clicked = asksForContent(req) ? req.originalUrl : addressBar(req);
    redirectWindow(res, signInAddress(returnPath(clicked, appUrl), true));
    res.status(401).send('');
  } else {
    const ended = req.get('Cookie')?.includes(`${cookies.session}=`) ?? false;
    res.redirect(302, signInAddress(returnPath(isPage(req) ? req.originalUrl : '/', appUrl), ended));
  }
}

type WhoMay = { appUrl: URL; allowedDomains: string[]; adminEmails: string[]; cookies: Cookies };

/**
 * Everything mounted behind this is closed: pages redirect to sign-in and come back, the API answers 401 JSON, htmx a
 * 401 that moves the window. The domain is checked every time, so taking one off the list ends its sessions; so is whether
 * somebody is an admin.
 */
export function requirePerson(whoMay: WhoMay): RequestHandler {
  const { allowedDomains, adminEmails } = whoMay;
  return (req: Request, res: Response, next: NextFunction) => {
    // A token has been asked already.
    if (req.caller) return next();
    const { person } = req.session;
    if (!person) return unauthorized(req, res, whoMay);
    if (isAllowed(person.email, allowedDomains)) {
      req.caller = { person, isAdmin: isAdmin(person.email, adminEmails), token: null };
      return next();
    }
    req.session.destroy((error) => {
      if (error) return next(error);
      if (req.path.startsWith('/api/')) res.status(403).json({ error: 'Forbidden' });
      else unauthorized(req, res, whoMay);
    });
  };
}
