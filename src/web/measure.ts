import type { Request, RequestHandler } from 'express';
import onHeaders from 'on-headers';
import { type Account, createAccount, onAccount } from '../measuring/account.ts';
import type { Metrics } from '../measuring/metrics.ts';
import { routeOf } from '../measuring/route.ts';

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

/** Measures each request and says in its answer where its time went. `seen` is told of it once it has been answered. */
export function measureRequests({ requests }: Metrics): RequestHandler {
  return (req: Request, res, next) => {
    const began = performance.now();
    const account = createAccount();
    const took = () => performance.now() - began;
    onHeaders(res, () => res.setHeader('Server-Timing', serverTiming(account, took())));
    res.once('close', () => {
      const method = METHODS.has(req.method) ? req.method : 'other';
      const status = `${Math.floor(res.statusCode / 100)}xx`;
      requests.observe({ route: routeOf(req), method, status }, took() / 1000);
    });
    onAccount(account, () => (req.route ? routeOf(req) : BEFORE_ANY_ROUTE), next);
  };
}
