import type { NextFunction, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import type { Knex } from 'knex';
import type { Cookies } from './cookies.ts';
import { SessionStore } from './session-store.ts';

/**
 * express-session leaves out a Secure cookie when the socket is plain, also behind the proxy that ends TLS. What is secure
 * is decided by configuration, not by the socket.
 */
function secureByConfiguration(req: Request, _res: Response, next: NextFunction): void {
  Object.defineProperty(req, 'secure', { value: true, configurable: true });
  next();
}

type SessionOptions = { database: Knex; secrets: string[]; cookies: Cookies };

export function sessions({ database, secrets, cookies }: SessionOptions): RequestHandler[] {
  return [
    secureByConfiguration,
    session({
      name: cookies.session,
      secret: secrets,
      store: new SessionStore(database, cookies.options),
      cookie: cookies.options,
      saveUninitialized: false,
      resave: false,
    }),
  ];
}
