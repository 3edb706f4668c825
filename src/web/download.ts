import { once } from 'node:events';
import type { Response } from 'express';
import { handled } from '../units/promises/handled.ts';
import { breakOff } from './break-off.ts';
import { TooMany } from './errors.ts';
import { takenOf } from './taken.ts';

/** `broken off`: whoever asked went away first; `failed`: we did. */
export type Download = { outcome: 'complete' } | { outcome: 'broken off' } | { outcome: 'failed'; error: unknown };

/** A client that takes nothing for so long does not come back. */
const PATIENCE_MS = 60_000;

/** Takes a place among what a person, and all of them together, hold at once: the way to give it back, or whose limit is reached. */
export type AtOnce = (key: string) => Promise<(() => Promise<void>) | 'each' | 'all'>;

const WAIT = {
  each: 'Two of your downloads are under way, and a third would slow down everybody. Please wait until one of them is done, then try again. A large prompt that is opened is one.',
  all: 'As many downloads are under way as run at once. One that nobody reads ends after a minute, and the others as soon as they are read: please try again in a minute. A large prompt that is opened is one.',
};
const WAIT_SECONDS = { each: 30, all: 60 };

/** Begins a download of a person, and gives the way to end it. @throws TooMany when they have two under way, or all too many */
export async function beginDownload(atOnce: AtOnce, { sub }: { sub: string }): Promise<() => Promise<void>> {
  const place = await atOnce(sub);
  if (typeof place === 'function') return place;
  throw new TooMany(WAIT[place], WAIT_SECONDS[place]);
}

/**
 * Aborts when the client goes before it has everything, or is gone already: its session is read before anybody listens. It
 * is the socket that tells, for an answer that waits behind another on its connection never hears of the end.
 */
export function goneSignal(res: Response): AbortSignal {
  const gone = new AbortController();
  const { socket } = res.req;
  const left = () => gone.abort();
  if (socket.destroyed) left();
  else {
    socket.once('close', left);
    res.once('finish', () => socket.off('close', left));
  }
  return gone.signal;
}

/**
 * Sends chunks as fast as the client takes them. When they end in an error the connection is reset: what has been sent
 * looks like the part that it is. Whoever broke first decides the outcome, not whose event comes first.
 */
export async function sendDownload(
  res: Response,
  chunks: AsyncIterable<string | Buffer>,
  gone: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<Download> {
  // Where nothing waits to be taken, it is we who are slow, and the client is there.
  let waiting = false;
  const looking = breakOffUnread(res, () => waiting, patienceMs);
  // Listened to once: compression hands listeners on to its own stream and takes none back.
  let goOn = () => {};
  res.on('drain', () => goOn());
  gone.addEventListener('abort', () => goOn());
  try {
    for await (const piece of inPieces(chunks)) {
      if (gone.aborted) break;
      if (!res.write(piece) && !gone.aborted) {
        waiting = true;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        waiting = false;
      }
    }
    if (!gone.aborted) {
      const finished = handled(once(res, 'finish', { signal: gone }));
      res.end();
      waiting = true;
      await finished;
    }
  } catch (error) {
    if (!gone.aborted) {
      breakOff(res.req.socket);
      return { outcome: 'failed', error };
    }
  } finally {
    clearInterval(looking);
  }
  return { outcome: gone.aborted ? 'broken off' : 'complete' };
}

const LOOKS_A_PATIENCE = 4;

/**
 * Breaks an answer off whose client takes nothing of what waits for it, between one and one and a quarter patiences. Looks are
 * counted and not the time between them, by which a look that came a moment too early would let a quarter more pass.
 */
function breakOffUnread(res: Response, isWaiting: () => boolean, patienceMs: number): NodeJS.Timeout {
  let taken = '';
  let alike = 0;
  const look = async () => {
    const until = isWaiting() ? await takenOf(res.req.socket) : '';
    alike = until !== '' && until === taken ? alike + 1 : 0;
    if (alike === LOOKS_A_PATIENCE) res.destroy();
    taken = until;
  };
  return setInterval(() => {
    handled(look());
  }, patienceMs / LOOKS_A_PATIENCE);
}

/** A write waits until the one before it is taken: by the kilobyte that takes longer than everything else. */
const A_PIECE = 200_000;
/** A character of JavaScript is three bytes at most. */
const MOST_BYTES = 3;

/** The first chunk by itself, for somebody is waiting for it; then pieces of a good size, and large chunks as they are. */
async function* inPieces(chunks: AsyncIterable<string | Buffer>): AsyncGenerator<Buffer> {
  let isWaited = true;
  let piece = Buffer.allocUnsafe(A_PIECE);
  let size = 0;
  for await (const chunk of chunks) {
    const most = typeof chunk === 'string' ? chunk.length * MOST_BYTES : chunk.length;
    if (size + most > piece.length && size > 0) {
      yield piece.subarray(0, size);
      piece = Buffer.allocUnsafe(A_PIECE);
      size = 0;
    }
    if (most > piece.length) {
      yield Buffer.from(chunk as string);
      isWaited = false;
      continue;
    }
    size += typeof chunk === 'string' ? piece.write(chunk, size) : chunk.copy(piece, size);
    if (!isWaited || size === 0) continue;
    yield piece.subarray(0, size);
    piece = Buffer.allocUnsafe(A_PIECE);
    size = 0;
    isWaited = false;
  }
  if (size > 0) yield piece.subarray(0, size);
}
