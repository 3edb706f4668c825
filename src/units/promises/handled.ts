/**
 * A promise that is waited for later, or by others, or perhaps not at all: whoever waits for it hears of its failure, and
 * until then nobody need. Without this, one that fails while something else is awaited ends the process. Returns the same
 * promise, or null for none. A query of knex, which runs again each time that somebody waits for it, is begun here, once.
 */
export function handled<P extends Promise<unknown> | null>(promise: P): P {
  const begun = promise && Promise.resolve(promise);
  begun?.catch(() => {});
  return begun as P;
}
