import { handled } from './handled.ts';

/** Does work of a key when all that was begun of the same key before it is done. */
export type InTurns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Lets what is done for one key be done one after the other. Where the database would let them wait for each other, each would
 * wait on a connection: somebody who sends a hundred forms at once would have all that there are.
 */
export function createTurns(): InTurns {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const answer = handled(before.then(work));
    const ended = answer.then(
      () => {},
      () => {},
    );
    last.set(key, ended);
    handled(
      ended.then(() => {
        if (last.get(key) === ended) last.delete(key);
      }),
    );
    return answer;
  };
}
