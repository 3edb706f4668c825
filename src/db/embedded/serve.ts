import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { PGlite } from '@electric-sql/pglite';
import { handled } from '../../units/promises/handled.ts';
import { ASK_FOR_PASSWORD, firstMessage, frame, GREETING, greetingOf, isTerminate, refusal } from './messages.ts';
import { type Client, exchange, inTurns } from './turns.ts';

const MOST_CONNECTIONS = 100;
/** Who has not said the password may say no more than this, and take no longer. */
const STRANGER = { bytes: 10_000, ms: 5_000 };

/** Serves a PGlite on a port of loopback to whoever knows the password; they share its one session in turns. */
export async function serveInTurns(
  database: PGlite,
  password: string,
  onFailure: (error: Error) => void,
): Promise<{ port: number; stop: () => Promise<void> }> {
  // The same for everybody, so that nobody waits for it.
  const welcome: Buffer[] = [];
  await exchange(database, GREETING, (bytes) => welcome.push(bytes));
  const expected = frame('p', `${password}\0`);
  const turns = inTurns(database, onFailure);
  const sockets = new Set<Socket>();

  const server = createServer({ noDelay: true }, (socket) => {
    const client: Client = { answer: (bytes) => socket.write(bytes), messages: [], gone: false };
    const patience = setTimeout(() => socket.destroy(), STRANGER.ms);
    let stage: 'greeting' | 'password' | 'known' = 'greeting';
    let received: Buffer = Buffer.alloc(0);

    const hear = {
      greeting: (message: Buffer) => {
        const asks = greetingOf(message);
        if (asks === 'encryption') socket.write('N');
        else if (asks === 'to sign in') {
          stage = 'password';
          socket.write(ASK_FOR_PASSWORD);
        }
        // To cancel what another asked, for one: there is nobody beside the one session who could.
        else socket.end();
      },
      password: (message: Buffer) => {
        if (message.length !== expected.length || !timingSafeEqual(message, expected)) {
          socket.end(refusal('28P01', 'password authentication failed'));
          return;
        }
        clearTimeout(patience);
        stage = 'known';
        for (const bytes of welcome) socket.write(bytes);
      },
      known: (message: Buffer) => {
        if (isTerminate(message)) socket.end();
        else turns.take(client, message);
      },
    };

    sockets.add(socket);
    socket.on('data', (data) => {
      received = received.length === 0 ? data : Buffer.concat([received, data]);
      if (stage !== 'known' && received.length > STRANGER.bytes) socket.destroy();
      while (socket.writable) {
        const message = firstMessage(received, stage !== 'greeting');
        if (!message) return;
        received = received.subarray(message.length);
        hear[stage](message);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(patience);
      sockets.delete(socket);
      turns.leave(client);
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const stop = async () => {
    const closed = handled(once(server, 'close'));
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    await turns.idle();
  };
  return { port: (server.address() as AddressInfo).port, stop };
}
