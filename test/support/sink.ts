import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Received = { url: string; headers: IncomingHttpHeaders; body: string };

export type Sink = {
  /** "localhost:40123", for WEBHOOK_ALLOWED_HOSTS. */
  host: string;
  url: string;
  received: Received[];
  /** How the next requests are answered; 200 with "ok" until told otherwise. */
  answer: (answer: (res: ServerResponse) => void) => void;
  /** When one more request has come, all of it. */
  next: () => Promise<void>;
  close: () => Promise<void>;
};

/** A program that takes webhooks, and answers them as a test likes. */
export async function startSink(): Promise<Sink> {
  const received: Received[] = [];
  let answer: (res: ServerResponse) => void = (res) => res.end('ok');
  let told = () => {};
  const listener: RequestListener = async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    received.push({ url: req.url ?? '', headers: req.headers, body });
    told();
    answer(res);
  };
  const server = createServer((req, res) => void Promise.resolve(listener(req, res)).catch(() => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    ...{ host, url: `http://${host}/hook`, received },
    answer: (other) => {
      answer = other;
    },
    next: () =>
      new Promise((resolve) => {
        told = resolve;
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
