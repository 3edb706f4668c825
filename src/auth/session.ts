import type { NextFunction, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import type { Knex } from 'knex';
import { SESSION_COOKIE_OPTIONS, SessionStore } from './session-store.ts';

export const SESSION_COOKIE = '__Host-session';

/**
 * express-session leaves out a Secure cookie when the socket is plain: behind the proxy that ends TLS, and on
 * http://localhost, where browsers accept it. What is secure is decided by configuration, not by the socket.
 */
function secureByConfiguration(req: Request, _res: Response, next: NextFunction): void {
  Object.defineProperty(req, 'secure', { value: true, configurable: true });
  next();
}

export function sessions({ database, secrets }: { database: Knex; secrets: string[] }): RequestHandler[] {
  return [
    secureByConfiguration,
    session({
      name: SESSION_COOKIE,
      secret: secrets,
      store: new SessionStore(database),
      cookie: SESSION_COOKIE_OPTIONS,
      saveUninitialized: false,
      resave: false,
    }),
  ];
}
