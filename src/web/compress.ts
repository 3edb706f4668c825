import { constants } from 'node:zlib';
import compression from 'compression';
import type { RequestHandler } from 'express';

/**
 * Compresses answers, but none that another site caused: lengths of compressed secrets beside text of an attacker's choice
 * are what BREACH reads, and it needs many requests from a page of its own. Browsers say where a request comes from.
 */
export function compress(): RequestHandler {
  return compression({
    // A tenth smaller than the default of 4, for a millisecond a page; more takes longer for next to nothing.
    brotli: { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } },
    filter: (req, res) => req.headers['sec-fetch-site'] !== 'cross-site' && compression.filter(req, res),
  });
}
