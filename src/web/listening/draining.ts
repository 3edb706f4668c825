import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { handled } from '../../units/promises/handled.ts';
import { breakOff } from '../break-off.ts';

/** Both in milliseconds from the call. */
export type ClosingTimes = { drainMs: number; withinMs: number };

/** What is on its way over a connection arrives in this time. */
const MOMENT_MS = 100;

/**
 * Follows what a server is asked, so that it can be closed without losing a request: for `drainMs` everything is taken and
 * answered, and every answer ends its connection. Then no connection is taken any more and what has been sent is answered.
 * At `withinMs` the rest is broken off.
 */
export function drainable(server: Server): (times: ClosingTimes) => Promise<void> {
  /** The answers that each connection still waits for, in their order. */
  const connections = new Map<Socket, Set<ServerResponse>>();
  let closing = false;
  let arrived = 0;
  server.on('connection', (socket: Socket) => {
    arrived++;
    connections.set(socket, new Set());
    socket.once('close', () => connections.delete(socket));
  });
  server.prependListener('request', ({ socket }, res) => {
    arrived++;
    const open = connections.get(socket);
    open?.add(res);
    res.once('close', () => open?.delete(res));
    if (closing && open) endAfter(open);
  });
  const endIdle = () => {
    for (const [socket, open] of connections) if (open.size === 0) socket.destroy();
  };

  return async ({ drainMs, withinMs }) => {
    const patience = setTimeout(() => {
      for (const socket of connections.keys()) breakOff(socket);
    }, withinMs);
    closing = true;
    for (const open of connections.values()) endAfter(open);
    await sleep(Math.max(drainMs, MOMENT_MS));
    await nextTurn();
    const closed = handled(once(server, 'close'));
    // The listening socket alone: http's own close ends idle connections too, also one that a request has just entered.
    NetServer.prototype.close.call(server);
    for (let before = -1; before !== arrived; ) {
      before = arrived;
      await sleep(MOMENT_MS);
      // A busy process comes to its timers before it has read what has arrived.
      await nextTurn();
    }
    endIdle();
    // An answer that was begun before the call says nothing of an end: its connection is idle after it.
    const sweep = setInterval(endIdle, MOMENT_MS);
    await closed;
    clearInterval(sweep);
    clearTimeout(patience);
  };
}

/** Lets a connection end with the last of its answers, and no sooner: several may have been asked for at once. */
function endAfter(open: Set<ServerResponse>): void {
  const answers = [...open];
  const last = answers.pop();
  for (const res of answers) if (!res.headersSent) res.removeHeader('Connection');
  if (last && !last.headersSent) last.setHeader('Connection', 'close');
}
