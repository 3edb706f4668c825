/**
 * A promise that is waited for later, or by others, or perhaps not at all: whoever waits for it hears of its failure, and
 * until then nobody need. Without this, one that fails while something else is awaited ends the process. Returns the same
 * promise, or null for none.
 */
export function handled<P extends Promise<unknown> | null>(promise: P): P {
  promise?.catch(() => {});
  return promise;
}
