import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClosingTimes, drainable } from './draining.ts';
import { createHttpServer, type HttpServerOptions } from './http-server.ts';

export type Listening = {
  port: number;
  /** Answers requests with this from now on. */
  answerWith: (listener: RequestListener) => void;
  /** Loses no request: see `drainable`. */
  close: (times: ClosingTimes) => Promise<void>;
};

// A browser may take either address of "localhost": with one of them left to another program, it would meet that one.
const ADDRESSES: Record<string, string[]> = { localhost: ['127.0.0.1', '::1'] };

const NO_IPV6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Listens on a port, which `setting` chooses; 0 takes a free one.
 * @throws Error in one line: the port is taken, or not ours to open
 */
export async function listen(
  host: string,
  port: number,
  options: HttpServerOptions,
  first: RequestListener,
  setting: 'PORT' | 'METRICS_PORT' = 'PORT',
): Promise<Listening> {
  let answer = first;
  const closes: ((times: ClosingTimes) => Promise<void>)[] = [];
  let taken = port;
  for (const address of ADDRESSES[host] ?? [host]) {
    const server = createHttpServer(options, (req, res) => answer(req, res));
    const close = drainable(server);
    try {
      server.listen(taken, address);
      await once(server, 'listening');
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (closes.length > 0 && NO_IPV6.includes(code)) continue;
      throw new Error(
        code === 'EADDRINUSE'
          ? `Port ${taken} is already in use: stop the other program, or set ${setting}`
          : `Port ${taken} cannot be opened: ${message}`,
      );
    }
    taken = (server.address() as AddressInfo).port;
    closes.push(close);
  }

  return {
    port: taken,
    answerWith: (listener) => {
      answer = listener;
    },
    close: async (times) => {
      await Promise.all(closes.map((close) => close(times)));
    },
  };
}
