import type { Request, RequestHandler } from 'express';
import onHeaders from 'on-headers';
import { type Account, createAccount, onAccount } from '../measuring/account.ts';
import type { Metrics } from '../measuring/metrics.ts';
import { NO_ROUTE, routeOf } from '../measuring/route.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Queries of a request that met no route yet are those that every request asks: who it is. */
const BEFORE_ANY_ROUTE = 'who is asking';

/** https://www.w3.org/TR/server-timing/: milliseconds in which the database was waited for, in which HTML was made, and until the first byte. */
function serverTiming({ databaseMs, renderingMs, asked }: Account, totalMs: number): string {
  const queries = [...asked.values()].reduce((sum, one) => sum + one.queries, 0);
  return [
    `db;dur=${databaseMs.toFixed(1)};desc="${queries} ${queries === 1 ? 'query' : 'queries'}"`,
    `render;dur=${renderingMs.toFixed(1)}`,
    `total;dur=${totalMs.toFixed(1)}`,
  ].join(', ');
}

/** Of routes that anybody reaches, on whose addresses codes of sign-ins travel, the path alone; as of what is no route. */
function addressOf({ originalUrl }: Request, route: string): string {
  const isOpen = route === NO_ROUTE || /^\/(auth|sign-in|stand-in)/.test(route);
  return isOpen ? (originalUrl.split('?')[0] ?? '') : originalUrl;
}

/** Measures each request and says in its answer where its time went. */
export function measureRequests({ requests, recent }: Metrics): RequestHandler {
  return (req: Request, res, next) => {
    const began = performance.now();
    const account = createAccount();
    const took = () => performance.now() - began;
    onHeaders(res, () => res.setHeader('Server-Timing', serverTiming(account, took())));
    res.once('close', () => {
      const method = METHODS.has(req.method) ? req.method : 'other';
      const status = `${Math.floor(res.statusCode / 100)}xx`;
      const route = routeOf(req);
      const ms = took();
      requests.observe({ route, method, status }, ms / 1000);
      // What is asked for is told from what is changed at the same address, in the words of its request.
      const asked = method === 'GET' || method === 'HEAD' ? route : `${method} ${route}`;
      recent.answered(
        { id: String(req.id ?? ''), route: asked, address: addressOf(req, route), status: res.statusCode, ms },
        account,
      );
    });
    onAccount(account, () => (req.route ? routeOf(req) : BEFORE_ANY_ROUTE), next);
  };
}
