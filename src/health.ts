import express, { type Router } from 'express';
import type { Databases } from './db/connect.ts';

/** /healthz: the process answers. /readyz: its databases do, and it is not shutting down. */
export function health(databases: Databases, isStopping: () => boolean): Router {
  const router = express.Router();

  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });

  router.get('/readyz', async (_req, res) => {
    const answers = async (name: 'health' | 'sessions') =>
      databases[name].raw('SELECT 1').then(
        () => 'ok',
        () => 'unavailable',
      );
    const [workflows, backoffice] = await Promise.all([answers('health'), answers('sessions')]);
    const ready = workflows === 'ok' && backoffice === 'ok' && !isStopping();
    res
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ok' : isStopping() ? 'stopping' : 'unavailable', workflows, backoffice });
  });

  return router;
}
