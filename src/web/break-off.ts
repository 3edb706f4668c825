import type { Socket } from 'node:net';

/**
 * Ends a connection so that its reader sees that something is missing: by a reset, for the mere end is how an answer over
 * HTTP/1.0 is complete, which is what nginx speaks unless told otherwise. Node's own resetAndDestroy() first waits until
 * everything is sent, and then ends like the others.
 */
export function breakOff(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true }).destroy();
}
