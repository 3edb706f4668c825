import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds; where it does not in time, fails with what was waited for, or with what is told of it then. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string | (() => unknown),
  withinMs = 60_000,
): Promise<void> {
  for (const end = performance.now() + withinMs; !(await holds()); await sleep(20))
    if (performance.now() > end) assert.fail(typeof what === 'string' ? what : JSON.stringify(what()));
}
