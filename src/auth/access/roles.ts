import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { Refused } from '../../web/errors.ts';

/**
 * What only admins may look at, in the words of the routes: prompts, how this program is, and forms that they alone may send.
 * A new page is everybody's until it stands here: `test/auth/roles.test.ts` asks which it is.
 */
const PAGES_FOR_ADMINS = [
  '/account/sessions/everyone',
  '/account/tokens/everyone',
  '/ai-usage/records/:id/prompt',
  '/ai-usage/records/:id/prompt.json',
  '/alerts/channels/new',
  '/alerts/rules/new',
  '/bills/import',
  '/bills/new',
  '/budgets/new',
  '/prices/import',
  '/prices/new',
  '/prices/proposals',
  '/prices/proposals/dismissed',
  '/prices/proposals/:id',
  '/system',
];

/** The changes that are everybody's: their own affairs, and answers to an alert (docs/decisions/roles.md). All others are admins'. */
const CHANGES_OF_EVERYBODY = [
  '/account',
  '/account/tokens',
  '/account/tokens/:id/revoke',
  '/account/sessions/:id/end',
  '/account/sessions/end-all',
  '/account/sessions/end-others',
  '/sign-out',
  '/alerts/:id/acknowledge',
  '/alerts/:id/feedback',
  '/alerts/:id/snooze',
  '/api/alerts/:id/acknowledge',
  '/api/alerts/:id/feedback',
  '/api/alerts/:id/snooze',
  // Saves nothing.
  '/api/alerts/rehearse',
  ...[
    '/views',
    '/views/start',
    '/views/:id',
    '/views/:id/delete',
    '/views/:id/star',
    '/views/:id/unstar',
    '/views/:id/move',
  ],
  '/api/views',
  ...['/ai-usage/notes', '/ai-usage/notes/:id', '/ai-usage/notes/:id/delete', '/api/notes'],
];
/** The same where programs change what there is. Whose it is, its page asks. */
const CHANGED_BY_EVERYBODY = ['/api/views/:id', '/api/notes/:id'];

const READS = ['GET', 'HEAD', 'OPTIONS'];
const MOST_NAMED = 5;

/** Whether an address is one of `adminEmails`; where there are none, everybody's is. Both are of ASCII. */
export function isAdmin(email: string, adminEmails: readonly string[]): boolean {
  return adminEmails.length === 0 || adminEmails.includes(email.toLowerCase());
}

/** "Only admins may do this: ana@mythoria.pt, rui@mythoria.pt and 3 others." */
function onlyAdmins(adminEmails: readonly string[]): string {
  const named = adminEmails.slice(0, MOST_NAMED);
  const more = adminEmails.length - named.length;
  return `Only admins may do this: ${named.join(', ')}${more > 0 ? ` and ${more} ${more === 1 ? 'other' : 'others'}` : ''}.`;
}

/** Lets readers read and refuses them everything else. It stands before all that it guards. */
export function roles(adminEmails: readonly string[]): RequestHandler {
  // A router, so that addresses are understood as the routes behind it do: in any case, with a slash at the end.
  const router = express.Router();
  const refuse: RequestHandler = () => {
    throw new Refused(onlyAdmins(adminEmails));
  };
  router.use((req: Request, _res: Response, next: NextFunction) => next(req.caller?.isAdmin ? 'router' : undefined));
  router.get(PAGES_FOR_ADMINS, refuse);
  // A file with prompts, at whatever address.
  router.use((req, res, next) => (String(req.query.include ?? '').trim() === '' ? next() : refuse(req, res, next)));
  const pass: RequestHandler = (_req, _res, next) => next('router');
  router.post(CHANGES_OF_EVERYBODY, pass);
  router.put(CHANGED_BY_EVERYBODY, pass);
  router.delete(CHANGED_BY_EVERYBODY, pass);
  router.use((req, res, next) => (READS.includes(req.method) ? next() : refuse(req, res, next)));
  // Not the router itself: it has no routes of its own.
  return (req, res, next) => router(req, res, next);
}
