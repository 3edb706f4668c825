import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type DestinationStream, type Logger, pino } from 'pino';
import { pinoHttp } from 'pino-http';
import { type Routed, routeOf } from '../measuring/route.ts';

/** Cloud Logging's names; Loki knows those of pino. */
const SEVERITIES: Record<string, string> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

const LEVEL_OF_ERRORS = pino.levels.values.error ?? 50;
const REQUEST = 'request';

/** What a line of the log is about, and the request; nothing for the line of a request, which another one explains. */
function failureOf([about, message]: unknown[], { id }: { id?: unknown }): { kind: string | null; id: string | null } {
  const { error, id: ownId } = (typeof about === 'object' ? about : {}) as {
    error?: { name?: string; code?: string };
    id?: unknown;
  };
  const words = typeof about === 'string' ? about : String(message);
  const why = error?.code ?? error?.name;
  const request = id ?? ownId;
  return {
    kind: words === REQUEST ? null : [words, why].filter(Boolean).join(': '),
    id: request === undefined ? null : String(request),
  };
}

/**
 * One JSON object a line, to standard output: `severity`, `level`, `time`, `message` and what it is about. What is logged as an
 * error is told to `failed` as well.
 */
export function createLog(
  level: string,
  failed: (kind: string, id: string | null) => void,
  to?: DestinationStream,
): Logger {
  return pino(
    {
      level,
      hooks: {
        logMethod(line, method, severity) {
          if (severity >= LEVEL_OF_ERRORS) {
            const { kind, id } = failureOf(line, this.bindings());
            if (kind !== null) failed(kind, id);
          }
          method.apply(this, line);
        },
      },
      base: undefined,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ severity: SEVERITIES[label], level: label }) },
    },
    to,
  );
}

/** Two lines of a long address are enough to see what was asked. */
const MOST_OF_AN_ADDRESS = 200;

/**
 * One JSON line a request, without headers or query string: those carry cookies, codes and what people search for.
 * `req.log` writes further lines with the same id.
 */
export function requestLog(log: Logger) {
  const line = (req: Routed, res: ServerResponse, { ms }: { ms: number }) => ({
    method: req.method,
    route: req.route ? routeOf(req) : (req.originalUrl ?? '').split('?')[0]?.slice(0, MOST_OF_AN_ADDRESS),
    status: res.statusCode,
    ms,
  });
  return pinoHttp({
    logger: log,
    genReqId: () => randomUUID(),
    // Else every line of a request repeats its properties, those of the beginning and of the end under one name.
    quietReqLogger: true,
    quietResLogger: true,
    customAttributeKeys: { reqId: 'id', responseTime: 'ms' },
    customLogLevel: (_req, res, error) => (error || res.statusCode >= 500 ? 'error' : 'info'),
    customSuccessObject: line,
    customErrorObject: (req, res, _error, values) => line(req, res, values),
    customSuccessMessage: () => REQUEST,
    customErrorMessage: () => REQUEST,
  });
}
