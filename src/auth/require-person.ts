import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { addressBar, isHtmx, redirectWindow } from '../web/htmx.ts';
import { returnPath } from '../web/return-path.ts';
import './access/caller.ts';
import { isAdmin } from './access/roles.ts';
import { isAllowed } from './person.ts';

function signInAddress(target: string): string {
  return target === '/' ? '/sign-in' : `/sign-in?returnTo=${encodeURIComponent(target)}`;
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

function unauthorized(req: Request, res: Response, appUrl: URL): void {
  if (req.path.startsWith('/api/')) {
    unauthorizedJson(res);
  } else if (isHtmx(req)) {
    redirectWindow(res, signInAddress(returnPath(addressBar(req), appUrl)));
    res.status(401).send('');
  } else {
    res.redirect(302, signInAddress(returnPath(isPage(req) ? req.originalUrl : '/', appUrl)));
  }
}

type WhoMay = { appUrl: URL; allowedDomains: string[]; adminEmails: string[] };

/**
 * Everything mounted behind this is closed: pages redirect to sign-in and come back, the API answers 401 JSON, htmx a
 * 401 that moves the window. The domain is checked every time, so taking one off the list ends its sessions; so is whether
 * somebody is an admin.
 */
export function requirePerson({ appUrl, allowedDomains, adminEmails }: WhoMay): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    // A token has been asked already.
    if (req.caller) return next();
    const { person } = req.session;
    if (!person) return unauthorized(req, res, appUrl);
    if (isAllowed(person.email, allowedDomains)) {
      req.caller = { person, isAdmin: isAdmin(person.email, adminEmails), token: null };
      return next();
    }
    req.session.destroy((error) => {
      if (error) return next(error);
      if (req.path.startsWith('/api/')) res.status(403).json({ error: 'Forbidden' });
      else unauthorized(req, res, appUrl);
    });
  };
}
