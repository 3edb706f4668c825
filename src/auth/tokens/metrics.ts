import type { RequestHandler } from 'express';
import type { Metrics } from '../../measuring/metrics.ts';
import { unauthorizedJson } from '../require-person.ts';

/** The metrics for a token with that scope, which `scopesOf` has asked for; nobody else reads them at this address. */
export function metricsForTokens({ registry }: Metrics, limit: RequestHandler): RequestHandler[] {
  return [
    (req, res, next) => (req.caller ? next() : unauthorizedJson(res)),
    limit,
    async (_req, res) => {
      res.set('Content-Type', registry.contentType).send(await registry.metrics());
    },
  ];
}
