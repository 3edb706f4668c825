import { handled } from './handled.ts';

/**
 * Work that several wait for: of each key one is done at a time, and shared. `gone` aborts when whoever asks has left; the
 * work is told to stop when the last of them has, and who asks after that begins anew.
 */
export function createShared<T>() {
  const underWay = new Map<string, { work: Promise<T>; waiting: number; stop: AbortController }>();

  return (key: string, gone: AbortSignal, begin: (gone: AbortSignal) => Promise<T>): Promise<T> => {
    let one = underWay.get(key);
    if (one === undefined) {
      const stop = new AbortController();
      one = { work: handled(begin(stop.signal)), waiting: 0, stop };
      underWay.set(key, one);
    }
    const { work, stop } = one;
    const shared = one;
    shared.waiting += 1;
    const forget = () => {
      if (underWay.get(key) === shared) underWay.delete(key);
    };
    const leave = () => {
      shared.waiting -= 1;
      if (shared.waiting > 0) return;
      forget();
      stop.abort();
    };
    const ended = () => {
      gone.removeEventListener('abort', leave);
      forget();
    };
    if (gone.aborted) leave();
    else gone.addEventListener('abort', leave, { once: true });
    work.then(ended, ended);
    return work;
  };
}
