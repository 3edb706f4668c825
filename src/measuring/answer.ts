import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { handled } from '../units/promises/handled.ts';
import type { Metrics } from './metrics.ts';

/** The metrics alone, for a port that only Prometheus reaches: GET /metrics, in its text format. */
export function answerMetrics({ registry }: Metrics, headers: Record<string, string>): RequestListener {
  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const isAsked = req.url?.split('?')[0] === '/metrics' && (req.method === 'GET' || req.method === 'HEAD');
    const [status, type, body] = isAsked
      ? [200, registry.contentType, await registry.metrics()]
      : [404, 'text/plain; charset=utf-8', 'Not found: the metrics are at /metrics.\n'];
    res.writeHead(status, { ...headers, 'Content-Type': type, 'Cache-Control': 'no-store' });
    res.end(req.method === 'HEAD' ? undefined : body);
  };
  return (req, res) => {
    handled(answer(req, res));
  };
}
