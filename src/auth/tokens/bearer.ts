import express, { type RequestHandler, type Response } from 'express';
import type { Knex } from 'knex';
import { handled } from '../../units/promises/handled.ts';
import { shareReads } from '../../units/promises/share-reads.ts';
import { now } from '../../units/time.ts';
import { addressOf } from '../access/caller.ts';
import { isAdmin } from '../access/roles.ts';
import { isAllowed } from '../person.ts';
import { hashOf, isSecret } from './secret.ts';
import { type ApiToken, findToken, writeUse } from './store.ts';

const BEARER = /^Bearer(?: +(.*))?$/i;

/** As RFC 6750 has it; the words are ours and of ASCII, for a header holds no others. */
function unauthorized(res: Response, error: string): void {
  const words = `error="invalid_token", error_description="${error}"`;
  res.set('WWW-Authenticate', `Bearer realm="Mythoria Admin", ${words}`).status(401).json({ error });
}

function problemOf(token: ApiToken | null, allowedDomains: string[]): string | null {
  if (token === null) return 'This token is not known.';
  if (token.revoked !== null) return 'This token has been revoked.';
  if (token.expires <= now()) return 'This token has expired.';
  // Taking a domain off the list ends its tokens, as it ends its sessions.
  if (!isAllowed(token.person.email, allowedDomains)) return 'This token is of somebody who may no longer enter.';
  return null;
}

type WhoMay = { database: Knex; allowedDomains: string[]; adminEmails: string[] };

/**
 * Knows who asks by `Authorization: Bearer`: whoever sends one has no cookies, and needs to come from no page of ours. A token
 * is read at each request, so that it ends at once, for all processes; it is never more than its person.
 */
export function bearer({ database, allowedDomains, adminEmails }: WhoMay): RequestHandler {
  // A program asks for many things at once.
  const read = shareReads((hash) => findToken(database, hash));
  return async (req, res, next) => {
    const [isBearer, secret = ''] = BEARER.exec(req.get('Authorization') ?? '') ?? [];
    if (isBearer === undefined) return next();
    if (!isSecret(secret)) return unauthorized(res, 'This is no token: one begins with mai_ and has 53 characters.');
    const token = await read(hashOf(secret));
    const problem = problemOf(token, allowedDomains);
    if (token === null || problem !== null) return unauthorized(res, problem ?? '');
    const { sub, email } = token.person;
    req.caller = {
      person: { sub, email, name: email, by: `by the token “${token.name}”` },
      isAdmin: isAdmin(email, adminEmails),
      token,
    };
    // Nobody waits for it, and nothing fails by it.
    handled(writeUse(database, token, addressOf(req)));
    next();
  };
}

/** What guards browsers, who have cookies and may be led here by another site: a program with a token passes it by. */
export function forBrowsers(guards: RequestHandler[]): RequestHandler {
  const router = express.Router().use(...guards);
  return (req, res, next) => (req.caller ? next() : router(req, res, next));
}
