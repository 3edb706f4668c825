import type { PGlite } from '@electric-sql/pglite';
import { handled } from '../../units/promises/handled.ts';
import { frame } from './messages.ts';

/** Whoever sends messages to the database; `answer` takes the bytes that come back. */
export type Client = { answer: (bytes: Buffer) => void; messages: Buffer[]; gone: boolean };

export type Turns = {
  /** One message of PostgreSQL's protocol, to be answered when it is this client's turn. */
  take: (client: Client, message: Buffer) => void;
  /** The client is gone; what it left behind, half a request or a transaction, is put away. */
  leave: (client: Client) => void;
  /** Resolves when nothing is being answered. */
  idle: () => Promise<void>;
};

const SYNC = frame('S', '');
const ROLLBACK = frame('Q', 'ROLLBACK\0');

/** Sends a message to the database. Returns whether the answer ends with its being ready for another query. */
export async function exchange(database: PGlite, message: Buffer, answer: (bytes: Buffer) => void): Promise<boolean> {
  let end = Buffer.alloc(0);
  await database.runExclusive(() =>
    database.execProtocolRawStream(message, {
      onRawData: (data) => {
        const bytes = Buffer.from(data);
        end = Buffer.concat([end, bytes.subarray(-6)]).subarray(-6);
        answer(bytes);
      },
    }),
  );
  // ReadyForQuery, which is six bytes and always the last.
  return end.length === 6 && end.toString('latin1', 0, 1) === 'Z' && end.readInt32BE(1) === 5;
}

/**
 * Lets several clients use a PGlite, which is one session: one of them has it from its first message until it is ready
 * for a query outside a transaction, and the others wait in the order they came. So nothing of one, be it a statement
 * that is parsed and not yet bound or a transaction, is ever another's. `onFailure` is for a database that can no longer be
 * asked; what PostgreSQL refuses is an answer like others.
 */
export function inTurns(database: PGlite, onFailure: (error: Error) => void): Turns {
  const waiting: Client[] = [];
  let owner: Client | null = null;
  let work: Promise<void> | null = null;

  async function putAway(): Promise<void> {
    await exchange(database, SYNC, () => {});
    if (database.isInTransaction()) await exchange(database, ROLLBACK, () => {});
  }

  async function goOn(): Promise<void> {
    for (;;) {
      owner ??= waiting.shift() ?? null;
      if (owner === null) return;
      if (owner.gone) {
        await putAway();
        owner = null;
        continue;
      }
      const { messages, answer }: Client = owner;
      const message = messages.shift();
      if (!message) return;
      const ready = await exchange(database, message, answer);
      if (!ready || database.isInTransaction()) continue;
      if (messages.length > 0) waiting.push(owner);
      owner = null;
    }
  }

  const wake = () => {
    work ??= handled(
      goOn()
        .catch(onFailure)
        .finally(() => {
          work = null;
        }),
    );
  };

  return {
    take: (client, message) => {
      client.messages.push(message);
      if (client !== owner && !waiting.includes(client)) waiting.push(client);
      wake();
    },
    leave: (client) => {
      client.gone = true;
      client.messages = [];
      const place = waiting.indexOf(client);
      if (place >= 0) waiting.splice(place, 1);
      wake();
    },
    idle: async () => {
      await work;
    },
  };
}
