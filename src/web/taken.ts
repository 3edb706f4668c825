import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/**
 * How far the peer of a socket has taken what was written to it: told by a text that stays the same as long as it takes
 * nothing. Node alone does not know, for the system takes megabytes at once and lets on only when a third of them is gone,
 * which somebody who reads slowly takes minutes for. So Linux is asked how much the peer has not confirmed yet (`tx_queue`
 * of proc_net_tcp); elsewhere what the system took has to do. Another connection of the same two ports is told along.
 */
export async function takenOf(socket: Socket): Promise<string> {
  const { bytesWritten, writableLength, localPort, remotePort } = socket;
  const [ip4, ip6] = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const ports = `:${hexOf(localPort)} [0-9A-F]+:${hexOf(remotePort)}`;
  const unconfirmed = `${ip4}${ip6}`.matchAll(new RegExp(`${ports} [0-9A-F]{2} ([0-9A-F]+):`, 'g'));
  return [bytesWritten - writableLength, ...[...unconfirmed].map(([, size]) => size)].join(' ');
}

const hexOf = (port = 0) => port.toString(16).toUpperCase().padStart(4, '0');
