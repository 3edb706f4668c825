import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';

export type HttpServerOptions = {
  /** How long a connection is kept without a request: longer than whoever stands in front keeps his, or he meets a closed one. */
  keepAliveMs: number;
  /** Headers of what is answered without the app. */
  headers: Record<string, string>;
};

// Node's own limits let 300 slow connections stay open. They run from the first byte of a request, not while one is awaited.
const LIMITS = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };

const STATUS_OF: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** An HTTP server with our limits, whose every answer has `headers`: what Node answers by itself it answers bare. */
export function createHttpServer({ keepAliveMs, headers }: HttpServerOptions, answer: RequestListener): Server {
  const ours = {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  };
  const words = (status: number) => `${STATUS_CODES[status]}: this request cannot be read.\n`;
  const refuse = (res: ServerResponse, status: number) => res.writeHead(status, ours).end(words(status));
  const answering = new WeakMap<Socket, number>();

  const server = createServer({ ...LIMITS, keepAliveTimeout: keepAliveMs, requireHostHeader: false }, (req, res) => {
    count(answering, req, res);
    const noHost = req.headers.host === undefined && req.httpVersion === '1.1';
    if (noHost || !isAddress(req.url ?? '')) refuse(res, 400);
    else answer(req, res);
  });
  server.on('checkExpectation', (_req, res) => refuse(res, 417));
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket: Socket) => {
    // In the middle of an answer nothing else may stand: it breaks off.
    if (!socket.writable || (answering.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const status = STATUS_OF[code] ?? 400;
    const lines = Object.entries({ ...ours, 'Content-Length': Buffer.byteLength(words(status)) });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${words(status)}`);
    socket.destroySoon();
  });
  return server;
}

/** Whether it can be taken apart: a path, `*`, or a whole address (RFC 9112, section 3.2). Node's own parser throws at others. */
const isAddress = (target: string) => target.startsWith('/') || target === '*' || URL.canParse(target);

/** Counts the answers under way on a connection. */
function count(answering: WeakMap<Socket, number>, { socket }: IncomingMessage, res: ServerResponse): void {
  answering.set(socket, (answering.get(socket) ?? 0) + 1);
  res.once('close', () => answering.set(socket, (answering.get(socket) ?? 1) - 1));
}
