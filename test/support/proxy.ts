import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type DatabaseProxy = {
  /** The database's URL, by way of this proxy. */
  url: string;
  /** From now on the database is not told what the app says; resolves once the app has said something. */
  hold: () => Promise<void>;
  release: () => void;
  /** Ends every connection; until `up`, new ones end at once. */
  down: () => void;
  up: () => void;
  /** How many connections have ended at once. */
  refused: () => number;
  close: () => Promise<void>;
};

/** Stands between the app and a database, to make it slow or dead when a test says so. */
export async function startProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let isDown = false;
  let refused = 0;
  let held: (() => void)[] | null = null;
  let caught = () => {};

  const server = createServer((app) => {
    if (isDown) {
      refused += 1;
      app.destroy();
      return;
    }
    const database = connect(Number(target.port), target.hostname);
    for (const socket of [app, database]) {
      const other = socket === app ? database : app;
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    database.on('data', (chunk) => app.write(chunk));
    app.on('data', (chunk) => {
      if (!held) {
        database.write(chunk);
        return;
      }
      held.push(() => database.write(chunk));
      caught();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const release = () => {
    const waiting = held ?? [];
    held = null;
    for (const write of waiting) write();
  };
  return {
    url: Object.assign(new URL(databaseUrl), {
      hostname: '127.0.0.1',
      port: String((server.address() as AddressInfo).port),
    }).href,
    hold: () => {
      held = [];
      return new Promise((resolve) => {
        caught = resolve;
      });
    },
    release,
    down: () => {
      isDown = true;
      held = null;
      cut();
    },
    up: () => {
      isDown = false;
    },
    refused: () => refused,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
