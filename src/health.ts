import type { RequestListener } from 'node:http';
import express, { type Router } from 'express';
import type { Databases } from './db/connect.ts';
import { VERSION } from './measuring/version.ts';

/**
 * What is answered until the app is there. /healthz says from the first moment that the process lives, which may have to
 * wait for another replica that migrates: whoever is told otherwise would kill it.
 */
export const starting =
  (headers: Record<string, string>): RequestListener =>
  (req, res) => {
    const path = req.url?.split('?')[0];
    if (path === '/healthz' || path === '/readyz') {
      const [code, answer] = path === '/healthz' ? [200, { status: 'ok', ...VERSION }] : [503, { status: 'starting' }];
      res.writeHead(code, { ...headers, 'Content-Type': 'application/json; charset=utf-8' });
      res.end(JSON.stringify(answer));
      return;
    }
    const meanwhile = {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
      'Retry-After': '2',
      Refresh: '2',
    };
    res.writeHead(503, { ...headers, ...meanwhile });
    res.end('Mythoria Admin is starting: this page will reload by itself.\n');
  };

type Statistics = { isAnswering: () => Promise<boolean>; rollupsProblem: () => string | null };

/**
 * /healthz: the process answers. /readyz: its databases do, statistics do, and it is not shutting down; `rollups` says that they
 * are not read, which makes answers slower and not wrong; why, pages and the log say, and not to everybody.
 */
export function health(
  databases: Databases,
  isStopping: () => boolean,
  { isAnswering, rollupsProblem }: Statistics,
): Router {
  const router = express.Router();

  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok', ...VERSION });
  });

  router.get('/readyz', async (_req, res) => {
    // At once: a database that is slow to answer would keep a balancer sending.
    if (isStopping()) return res.status(503).json({ status: 'stopping' });
    const answers = async (name: 'health' | 'sessions') =>
      databases[name].raw('SELECT 1').then(
        () => 'ok',
        () => 'unavailable',
      );
    const [workflows, backoffice] = await Promise.all([answers('health'), answers('sessions')]);
    const connected = workflows === 'ok' && backoffice === 'ok';
    const statistics = connected && !(await isAnswering()) ? { statistics: 'unavailable' } : {};
    const ready = connected && !('statistics' in statistics) && !isStopping();
    const status = ready ? 'ok' : isStopping() ? 'stopping' : 'unavailable';
    const rollups = rollupsProblem() === null ? {} : { rollups: 'not read' };
    res.status(ready ? 200 : 503).json({ status, workflows, backoffice, ...statistics, ...rollups });
  });

  return router;
}
