import type { RequestHandler } from 'express';
import type { Metrics } from '../../measuring/metrics.ts';
import { unauthorizedJson } from '../require-person.ts';

/** The metrics for a token with that scope, which `scopesOf` has asked for; nobody else reads them at this address. */
export function metricsForTokens({ registry }: Metrics): RequestHandler {
  return async (req, res) => {
    if (!req.caller) return unauthorizedJson(res);
    res.set('Content-Type', registry.contentType).send(await registry.metrics());
  };
}
