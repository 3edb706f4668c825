import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type DatabaseProxy = {
  /** The database's URL, by way of this proxy. */
  url: string;
  /** From the app's next words on that contain `saying` the database is not told what it says; resolves when they come. */
  hold: (saying?: string) => Promise<void>;
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
  let holds: { saying: string; caught: () => void } | null = null;

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
      if (holds && chunk.includes(holds.saying)) {
        held = [];
        holds.caught();
        holds = null;
      }
      if (held) held.push(() => database.write(chunk));
      else database.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const release = () => {
    const waiting = held ?? [];
    held = null;
    holds = null;
    for (const write of waiting) write();
  };
  return {
    url: Object.assign(new URL(databaseUrl), {
      hostname: '127.0.0.1',
      port: String((server.address() as AddressInfo).port),
    }).href,
    hold: (saying = '') =>
      new Promise((caught) => {
        holds = { saying, caught };
      }),
    release,
    down: () => {
      isDown = true;
      held = null;
      holds = null;
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
