import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { BadInput, type ParameterProblem } from '../units/failures/bad-input.ts';
import { loggable } from '../units/failures/loggable.ts';
import { NotFound } from '../units/failures/not-found.ts';
import { TooMuchToCount } from '../units/failures/too-much-to-count.ts';
import { isUnavailable } from '../units/failures/unavailable.ts';
import { breakOff } from './break-off.ts';
import { correctionOf } from './correction.ts';
import { keepAddress } from './htmx.ts';
import type { Render } from './render.ts';
import { returnPath } from './return-path.ts';

/** The person is known, and may not do this; `wayOut` leads to where they may. */
export class Refused extends Error {
  readonly wayOut: WayOut | null;
  constructor(message: string, wayOut: WayOut | null = null) {
    super(message);
    this.wayOut = wayOut;
  }
}
export type WayOut = { label: string; href: string };

/** Too much is done at once; whoever asks may go on in so many seconds. */
export class TooMany extends Error {
  readonly seconds: number;
  constructor(message: string, seconds: number) {
    super(message);
    this.seconds = seconds;
  }
}

type Explained = { status: number; title: string; message: string; details: ParameterProblem[] };

function statusOf(error: unknown): number | undefined {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

/** What is wrong with a body that could not be read, as express says it. */
function bodyProblems(error: unknown): ParameterProblem[] {
  const { type, limit } = error as { type?: unknown; limit?: unknown };
  const takes: Record<string, string> = {
    'entity.parse.failed': 'takes JSON, an object',
    'entity.too.large': `takes at most ${limit} bytes`,
    'charset.unsupported': 'takes UTF-8',
    'encoding.unsupported': 'takes no compression but gzip, deflate and br',
  };
  const message = typeof type === 'string' ? takes[type] : undefined;
  return message === undefined ? [] : [{ parameter: 'body', message }];
}

function explain(error: unknown): Explained {
  if (error instanceof BadInput) {
    return {
      status: 400,
      title: 'This address asks for something we cannot show',
      message: 'Bad request',
      details: error.details,
    };
  }
  if (error instanceof NotFound) return { status: 404, title: 'Not found', message: error.message, details: [] };
  if (error instanceof WrongMethod)
    return { status: 405, title: 'Not in this way', message: error.message, details: [] };
  if (error instanceof Refused) return { status: 403, title: 'Not allowed', message: error.message, details: [] };
  if (error instanceof TooMany) return { status: 429, title: 'One moment', message: error.message, details: [] };
  if (error instanceof TooMuchToCount)
    return { status: 503, title: 'Too much to count', message: error.message, details: [] };
  if (isUnavailable(error)) {
    return {
      status: 503,
      title: 'The database does not answer',
      message: 'Please try again in a moment.',
      details: [],
    };
  }
  const status = statusOf(error);
  if (status)
    return { status, title: 'Bad request', message: 'This request cannot be read.', details: bodyProblems(error) };
  return { status: 500, title: 'Something went wrong', message: 'The error has been logged.', details: [] };
}

/** Programs that download a file accept anything; a browser says that it shows pages. */
const downloads = (req: Request) => /\.\w+$/.test(req.path) && !req.get('Accept')?.includes('text/html');

function wantsJson(req: Request): boolean {
  return req.path.startsWith('/api/') || downloads(req) || req.accepts(['html', 'json']) === 'json';
}

/** What stands at an address takes other methods than the one it was asked with. */
class WrongMethod extends Error {
  readonly allowed: string[];
  constructor(method: string, allowed: string[]) {
    const taken = allowed.join(', ');
    super(
      method === 'GET'
        ? `Nothing opens at this address, which takes only what is sent to it (${taken}).`
        : `This address takes ${taken}, not ${method}.`,
    );
    this.allowed = allowed;
  }
}

/** What express keeps of a route, or of a router with routes of its own. */
type Layer = {
  match: (path: string) => false | { path: string };
  route?: { methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
};

const methodsAt = (layers: Layer[], path: string): string[] =>
  layers.flatMap((layer) => {
    const match = layer.match(path);
    if (match === false) return [];
    if (layer.route !== undefined) return Object.keys(layer.route.methods);
    return methodsAt(layer.handle.stack ?? [], path.slice(match.path.length) || '/');
  });

/** For what nothing has answered: an address that there is not, or not with this method. */
export const notFound: RequestHandler = (req, _res, next) => {
  const methods = methodsAt(req.app.router.stack as unknown as Layer[], req.path).map((name) => name.toUpperCase());
  const allowed = [...new Set(methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])))].sort();
  next(
    allowed.length === 0 || allowed.includes(req.method)
      ? new NotFound('There is no page at this address.')
      : new WrongMethod(req.method, allowed),
  );
};

/** The one error handler: an honest status, the request's id, JSON or HTML by what was asked; details only in the log. */
export function errorHandler({
  render,
  log,
  appUrl,
}: {
  render: Render;
  log: Logger;
  appUrl: URL;
}): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const { status, title, message, details } = explain(error);
    if (status >= 500) log.error({ id: req.id, error: loggable(error) }, title);
    if (res.headersSent) {
      // Half an answer must look like half an answer.
      breakOff(req.socket);
      return;
    }
    res.status(status);
    if (status === 503) res.set('Retry-After', '5');
    if (error instanceof TooMany) res.set('Retry-After', String(error.seconds));
    if (error instanceof WrongMethod) res.set('Allow', error.allowed.join(', '));
    if (wantsJson(req)) {
      const id = status >= 500 ? { id: req.id } : {};
      res.json(
        details.length > 0 ? { error: message, details } : { error: status === 404 ? 'Not found' : message, ...id },
      );
      return;
    }
    keepAddress(res);
    const here = returnPath(req.originalUrl, appUrl);
    const isForm = req.method === 'GET' && here !== '/';
    render(req, res, {
      title,
      view: 'web/error',
      data: {
        status,
        title,
        message,
        details,
        id: req.id,
        correction: isForm ? correctionOf(here.split('?')[0] ?? '/', req.query, details) : null,
        again: { href: here, sends: !['GET', 'HEAD'].includes(req.method) },
        wayOut: error instanceof Refused ? error.wayOut : null,
      },
    });
  };
}
