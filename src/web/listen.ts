import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handled } from '../units/handled.ts';
import { createHttpServer, type HttpServerOptions } from './http-server.ts';

export type Listening = {
  port: number;
  /** Answers requests with this from now on. */
  answerWith: (listener: RequestListener) => void;
  /** Takes no new request, and cuts off those that are not answered in time. */
  close: (withinMs: number) => Promise<void>;
};

// A browser may take either address of "localhost": with one of them left to another program, it would meet that one.
const ADDRESSES: Record<string, string[]> = { localhost: ['127.0.0.1', '::1'] };

const NO_IPV6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Listens on a port; 0 takes a free one.
 * @throws Error in one line: the port is taken, or not ours to open
 */
export async function listen(
  host: string,
  port: number,
  options: HttpServerOptions,
  first: RequestListener,
): Promise<Listening> {
  let answer = first;
  const servers: Server[] = [];
  let taken = port;
  for (const address of ADDRESSES[host] ?? [host]) {
    const server = createHttpServer(options, (req, res) => answer(req, res));
    try {
      server.listen(taken, address);
      await once(server, 'listening');
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (servers.length > 0 && NO_IPV6.includes(code)) continue;
      throw new Error(
        code === 'EADDRINUSE'
          ? `Port ${taken} is already in use: stop the other program, or set PORT`
          : `Port ${taken} cannot be opened: ${message}`,
      );
    }
    taken = (server.address() as AddressInfo).port;
    servers.push(server);
  }

  const close = async (server: Server, withinMs: number) => {
    const closed = handled(once(server, 'close'));
    server.close();
    server.closeIdleConnections();
    const patience = setTimeout(() => server.closeAllConnections(), withinMs);
    await closed;
    clearTimeout(patience);
  };
  return {
    port: taken,
    answerWith: (listener) => {
      answer = listener;
    },
    close: async (withinMs) => {
      await Promise.all(servers.map((server) => close(server, withinMs)));
    },
  };
}
